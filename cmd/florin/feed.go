package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// feed is a stream of events that goes on where it was, whatever breaks.
type feed struct {
	*client
	query url.Values
	after int64             // the last event that was taken; -1: begin with the next that happens
	says  func(text string) // tells a person what the connection is like
}

// told is an event as it came.
type told struct {
	Sequence int64  `json:"sequence"`
	ID       string `json:"id"`
	Type     string `json:"type"`
	Related  struct {
		ID string `json:"id"`
	} `json:"related"`
	At  time.Time `json:"created_at"`
	raw []byte
}

const (
	feedSilence = 45 * time.Second // three heartbeats
	feedAgain   = time.Second
	feedLineMax = 4 << 20
)

// errFinal is a refusal that no waiting mends.
var errFinal = errors.New("the server refuses")

// run gives take every event after the last one, each once, until ctx ends or take fails.
func (f *feed) run(ctx context.Context, take func(told) error) error {
	if f.after < 0 {
		if err := f.begin(ctx); err != nil {
			return err
		}
	}
	for {
		err := f.once(ctx, take)
		var own takeError
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // told to stop
		case errors.Is(err, errFinal):
			return err
		case errors.As(err, &own):
			return own.error
		}
		f.says(fmt.Sprintf("Not connected: %v. Trying again; nothing is lost after event %d.", err, f.after))
		if machine.Sleep(ctx, feedAgain) != nil {
			return nil
		}
	}
}

// takeError is take's own.
type takeError struct{ error }

// begin finds the last event there is, so that a reconnection misses nothing.
func (f *feed) begin(ctx context.Context) error {
	var list struct{ Data []told }
	if err := f.get(ctx, "/v1/events?limit=1").into(&list); err != nil {
		return err
	}
	f.after = 0
	for _, e := range list.Data {
		f.after = e.Sequence
	}
	return nil
}

// once reads one stream to its end.
func (f *feed) once(ctx context.Context, take func(told) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	silent := time.AfterFunc(feedSilence, cancel)
	defer silent.Stop()
	f.query.Set("after", strconv.FormatInt(f.after, 10))
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, f.url+"/v1/events/stream?"+f.query.Encode(), nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+f.key)
	r.Header.Set("Accept", "application/x-ndjson")
	endless := *f.http
	endless.Timeout = 0
	a, err := endless.Do(r)
	if err != nil {
		return err
	}
	defer a.Body.Close()
	if a.StatusCode != http.StatusOK {
		return refused(a)
	}
	f.says(fmt.Sprintf("Connected to %s, after event %d.", f.url, f.after))
	lines := bufio.NewScanner(a.Body)
	lines.Buffer(nil, feedLineMax)
	for lines.Scan() {
		silent.Reset(feedSilence)
		if len(lines.Bytes()) == 0 {
			continue
		}
		e := told{raw: bytes.Clone(lines.Bytes())}
		if err := json.Unmarshal(e.raw, &e); err != nil || e.Sequence == 0 {
			return fmt.Errorf("a line is no event: %.80q", e.raw)
		}
		if err := take(e); err != nil {
			return takeError{err}
		}
		f.after = e.Sequence
	}
	return errors.Join(errors.New("the stream ended"), lines.Err())
}

// refused is what the server says instead of a stream.
func refused(a *http.Response) error {
	text, _ := io.ReadAll(io.LimitReader(a.Body, 64<<10))
	var p struct{ Code, Detail string }
	_ = json.Unmarshal(text, &p)
	err := fmt.Errorf("HTTP %d %s: %s", a.StatusCode, p.Code, p.Detail)
	if a.StatusCode >= 400 && a.StatusCode < 500 && a.StatusCode != http.StatusTooManyRequests && a.StatusCode != http.StatusRequestTimeout {
		return fmt.Errorf("%w: %w", errFinal, err)
	}
	return err
}
