package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/florinpay/florin/internal/event"
)

type eventsCommand struct {
	Tail   tailCommand   `cmd:"" help:"Show events as they happen."`
	Replay replayCommand `cmd:"" help:"Show, or deliver to a URL, events that have happened."`
}

// wanted says which events.
type wanted struct {
	Types   []string `help:"Only these types, such as payment.succeeded; a comma between." placeholder:"TYPE"`
	Object  string   `help:"Only events about the object of this id." placeholder:"ID"`
	Version string   `help:"Version of the payloads; the newest if absent." name:"api-version" placeholder:"DATE"`
}

func (w wanted) query() url.Values {
	q := url.Values{}
	for _, kind := range w.Types {
		q.Add("types", kind)
	}
	if w.Object != "" {
		q.Set("object", w.Object)
	}
	if w.Version != "" {
		q.Set("api_version", w.Version)
	}
	return q
}

type tailCommand struct {
	remote
	wanted
	After int64 `help:"Begin after the event of this number, 0 with the first; without it, with the next that happens." default:"-1"`
	JSON  bool  `help:"Whole events, one a line." name:"json"`
}

// Run shows events until it is told to stop.
func (c *tailCommand) Run(ctx context.Context, out io.Writer) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	f := &feed{client: api, query: c.query(), after: c.After, says: func(text string) { fmt.Fprintln(os.Stderr, text) }}
	return f.run(ctx, func(e told) error { return e.show(out, c.JSON) })
}

func (e told) show(out io.Writer, whole bool) error {
	if whole {
		_, err := fmt.Fprintf(out, "%s\n", e.raw)
		return err
	}
	_, err := fmt.Fprintf(out, "%8d  %s  %-28s %s\n", e.Sequence, e.At.Format("2006-01-02 15:04:05"), e.Type, e.Related.ID)
	return err
}

type replayCommand struct {
	remote
	wanted
	After     int64  `help:"Begin after the event of this number; 0 with the first." required:""`
	Until     int64  `help:"End with the event of this number; without it, with the last there is now." placeholder:"NUMBER"`
	ForwardTo string `help:"Deliver them to this URL, signed as 'florin listen' does, instead of showing them." name:"forward-to" placeholder:"URL"`
	JSON      bool   `help:"Whole events, one a line." name:"json"`
}

// errReplayed: all that was asked for has been shown.
var errReplayed = errors.New("replayed")

// Run shows or delivers the events, in order.
func (c *replayCommand) Run(ctx context.Context, out io.Writer) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	last := &feed{client: api, after: -1}
	if err := last.begin(ctx); err != nil {
		return err
	}
	until := last.after
	if c.Until > 0 {
		until = min(until, c.Until)
	}
	take := func(e told) error { return e.show(out, c.JSON) }
	if c.ForwardTo != "" {
		p, err := newPostman(api, c.ForwardTo, out)
		if err != nil {
			return err
		}
		take = func(e told) error { return p.deliver(ctx, e) }
	}
	// A filter may leave nothing for the stream to end with, so it is applied here.
	return replay(ctx, api, c.query(), c.After, until, take)
}

// replay reads the stream up to a number.
func replay(ctx context.Context, api *client, query url.Values, after, until int64, take func(told) error) error {
	if after >= until {
		return nil
	}
	marks := &feed{client: api, query: url.Values{}, after: after, says: func(text string) {
		if strings.HasPrefix(text, "Not") {
			fmt.Fprintln(os.Stderr, text)
		}
	}}
	types, object := query["types"], query.Get("object")
	if v := query.Get("api_version"); v != "" {
		marks.query.Set("api_version", v)
	}
	err := marks.run(ctx, func(e told) error {
		if e.Sequence > until {
			return errReplayed
		}
		if (len(types) == 0 || slices.ContainsFunc(types, func(p string) bool { return event.Matches(p, e.Type) })) && (object == "" || bytes.Contains(e.raw, []byte(`"id":"`+object+`"`))) {
			if err := take(e); err != nil {
				return err
			}
		}
		if e.Sequence == until {
			return errReplayed
		}
		return nil
	})
	if errors.Is(err, errReplayed) {
		return nil
	}
	return err
}
