package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/florinpay/florin/internal/apikey"
	"github.com/florinpay/florin/internal/bench"
)

const (
	idleStreams   = 10_000
	streamsPerKey = 100
	attached      = 100
	hooked        = 50 // endpoints
	hanging       = 5  // of them
)

// streams measures what those who wait for events cost, and how long they wait.
func (s *sitting) streams(ctx context.Context, t *target) error {
	for _, step := range []struct {
		name bench.Scenario
		run  func(context.Context, *target) error
	}{
		{bench.Attached, s.attachedStreams}, {bench.StreamLatency, s.streamLatency}, {bench.StreamsIdle, s.idleStreams}, {bench.WebhookFirst, s.webhookFirst},
	} {
		if s.wants(step.name) {
			if err := step.run(ctx, t); err != nil {
				return fmt.Errorf("%s: %w", step.name, err)
			}
		}
	}
	return nil
}

// listeners makes keys that only read events.
func (s *sitting) listeners(ctx context.Context, t *target, n int) (keys []string, err error) {
	d, err := place{Data: s.folder(t.engine), Database: t.database}.existing(ctx)
	if err != nil {
		return nil, err
	}
	room, scopes := apikey.New(d, machine), apikey.ScopesOf([]string{"events:read"})
	for range n {
		_, secret, failed := room.Create(ctx, apikey.Draft{Merchant: t.world.Merchant, Name: "Listener", Scopes: scopes})
		if failed != nil {
			return nil, errors.Join(failed, d.Close())
		}
		keys = append(keys, secret)
	}
	return keys, d.Close()
}

func (t *target) stream(query string) string { return t.world.URL + "/v1/events/stream" + query }

// attachedStreams pays while streams wait that hear nothing of it, and while some hear all.
func (s *sitting) attachedStreams(ctx context.Context, t *target) error {
	keys, err := s.listeners(ctx, t, 1)
	if err != nil {
		return err
	}
	waiting := bench.Audience{URL: t.stream("?types=dispute.opened"), Keys: keys, Size: attached}
	l := t.payments(64, t.wallets, 0)
	return s.beside(ctx, bench.Row{Scenario: bench.Attached, Engine: t.engine, Conns: 64}, func(ctx context.Context) (r bench.Result, err error) {
		h, err := waiting.Open(ctx)
		if err != nil {
			return r, err
		}
		defer h.Close()
		return s.timed(l).Run(ctx)
	}, l)
}

// streamLatency pays 2,000 times a second while a stream hears of it.
func (s *sitting) streamLatency(ctx context.Context, t *target) error {
	keys, err := s.listeners(ctx, t, 1)
	if err != nil {
		return err
	}
	h, err := bench.Audience{URL: t.stream(""), Keys: keys, Size: 1}.Open(ctx)
	if err != nil {
		return err
	}
	defer h.Close()
	l := t.payments(64, t.wallets, 0)
	l.Every, l.Duration = 32*time.Millisecond, 10*time.Second
	r, err := l.Run(ctx)
	if err != nil {
		return err
	}
	s.note(bench.StreamLatency, t.engine, fmt.Sprintf("%s, at %.0f payments/s", h.Delays().Text(), r.PerSecond))
	return nil
}

// idleStreams holds ten thousand streams open, of each kind.
func (s *sitting) idleStreams(ctx context.Context, t *target) error {
	keys, err := s.listeners(ctx, t, idleStreams/streamsPerKey)
	if err != nil {
		return err
	}
	for _, socket := range []bool{false, true} {
		if err := errors.Join(t.stop(), t.launch(ctx, s)); err != nil { // a server that has done nothing else
			return err
		}
		h, err := bench.Audience{URL: t.stream(""), Keys: keys, Size: idleStreams, Socket: socket}.Open(ctx)
		if err != nil {
			return err
		}
		if err := machine.Sleep(ctx, 20*time.Second); err != nil { // heartbeats have come
			return err
		}
		memory, err := bench.ReadMemory(t.Process.Pid)
		ended := h.Ended()
		h.Close()
		if err != nil {
			return err
		}
		s.note(bench.StreamsIdle, t.engine, fmt.Sprintf("%d MiB resident with %d idle %s, %d of them ended",
			memory.Resident>>20, idleStreams, map[bool]string{false: "streams of server-sent events", true: "WebSockets"}[socket], ended))
	}
	return nil
}

// webhookFirst delivers 500 events a second to fifty endpoints, five of which hang.
func (s *sitting) webhookFirst(ctx context.Context, t *target) error {
	inbox, err := bench.OpenInbox()
	if err != nil {
		return err
	}
	defer inbox.Close()
	api, err := newClient(t.world.URL, t.world.SandboxKey, "")
	if err != nil {
		return err
	}
	var made []string
	for i := range hooked {
		path := fmt.Sprintf("/hook/%d", i)
		if i < hanging {
			path = fmt.Sprintf("/hang/%d", i)
		}
		var e struct{ ID string }
		if err := api.post(ctx, "/v1/webhook_endpoints", newKey(), map[string]any{"url": inbox.URL + path, "types": []string{"payment.succeeded"}}).into(&e); err != nil {
			return err
		}
		made = append(made, e.ID)
	}
	if err := machine.Sleep(ctx, 2*time.Second); err != nil {
		return err
	}
	l := t.payments(1, t.wallets, 0)
	l.Every, l.Duration = 100*time.Millisecond, 30*time.Second // each to fifty
	if _, err := l.Run(ctx); err != nil {
		return err
	}
	if err := machine.Sleep(ctx, 3*time.Second); err != nil {
		return err
	}
	s.note(bench.WebhookFirst, t.engine, inbox.Delays().Text())
	for _, key := range made {
		if err := api.do(ctx, "DELETE", "/v1/webhook_endpoints/"+key, "", nil).into(new(json.RawMessage)); err != nil {
			return err
		}
	}
	return nil
}
