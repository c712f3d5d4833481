package sandbox

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/connector"
)

// Name is what payments call this connector.
const Name = "sandbox"

// ClientOptions say how to reach a rail.
type ClientOptions struct {
	Address string        // host:port
	Lines   int           // connections; 0: 4
	Timeout time.Duration // for one request, from Send to the answer; 0: 3 s
	Clock   clock.Clock   // for waits between connection attempts; nil: the machine's
	Log     *slog.Logger  // nil: slog.Default()
}

const (
	linesDefault   = 4
	timeoutDefault = 3 * time.Second
)

// Client is a [connector.Connector] that speaks to a rail. Many requests share
// its few connections; a connection that breaks is opened again.
type Client struct {
	o       ClientOptions
	lines   []*line
	ctx     context.Context // ends with Close
	stop    context.CancelFunc
	work    sync.WaitGroup
	numbers atomic.Uint64

	dropped    atomic.Int64
	violations atomic.Int64
}

var _ connector.Connector = (*Client)(nil)

// Open makes a client and begins to connect; it does not wait for the rail.
func Open(o ClientOptions) *Client {
	if o.Lines == 0 {
		o.Lines = linesDefault
	}
	if o.Timeout == 0 {
		o.Timeout = timeoutDefault
	}
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	ctx, stop := context.WithCancel(context.Background())
	c := &Client{o: o, ctx: ctx, stop: stop}
	for range o.Lines {
		l := newLine(c)
		c.lines = append(c.lines, l)
		c.work.Go(l.run)
	}
	return c
}

// Name implements [connector.Connector].
func (*Client) Name() string { return Name }

// Dropped counts answers that nobody waited for: too late, or a second time.
func (c *Client) Dropped() int64 { return c.dropped.Load() }

// Violations counts answers that did not fit their question, or no frame at all.
func (c *Client) Violations() int64 { return c.violations.Load() }

// Close ends all connections. Requests under way become Unknown.
func (c *Client) Close() error {
	c.stop()
	c.work.Wait()
	return nil
}

// Send implements [connector.Connector]. A request that never left is Unknown
// too: an earlier one with the same reference may have.
func (c *Client) Send(ctx context.Context, r connector.Request) connector.Answer {
	q := question{
		Kind: r.Kind, Reference: r.Reference, AmountMinor: r.Amount.Minor, Currency: r.Amount.Currency,
		Original: r.Original, Authenticated: r.Authenticated, Final: r.Final,
	}
	if r.Kind.TakesCard() {
		q.Card = &cardData{r.Card.Number.Reveal(), r.Card.Expiry.String(), r.Card.CVV.Reveal()}
	}
	a, ok := c.exchange(ctx, q)
	if !ok {
		return connector.Answer{}
	}
	if a.Reference != r.Reference || a.AmountMinor != r.Amount.Minor || a.Currency != r.Amount.Currency || a.Outcome == missing || a.Outcome == abandoned {
		return c.violated(r.Reference)
	}
	return c.understand(a)
}

// Ask implements [connector.Connector].
func (c *Client) Ask(ctx context.Context, reference string) connector.Answer {
	return c.inquire(ctx, ask, reference)
}

// Abandon implements [connector.Connector].
func (c *Client) Abandon(ctx context.Context, reference string) connector.Answer {
	return c.inquire(ctx, abandon, reference)
}

func (c *Client) inquire(ctx context.Context, kind connector.Kind, reference string) connector.Answer {
	a, ok := c.exchange(ctx, question{Kind: kind, Reference: reference})
	if !ok {
		return connector.Answer{}
	}
	if a.Reference != reference || a.Outcome == missing && kind == abandon {
		return c.violated(reference)
	}
	return c.understand(a)
}

// exchange sends q and waits for its reply; not ok if there was none in time.
func (c *Client) exchange(ctx context.Context, q question) (a reply, ok bool) {
	ctx, cancel := context.WithTimeout(ctx, c.o.Timeout)
	defer cancel()
	q.Number = c.numbers.Add(1)
	f, err := frame(q)
	if err != nil {
		c.o.Log.Error("sandbox client cannot encode a request", "reference", q.Reference, "error", err)
		return reply{}, false
	}
	defer clear(f)
	return c.lines[q.Number%uint64(len(c.lines))].call(ctx, q.Number, f)
}

func (c *Client) violated(reference string) connector.Answer {
	c.violations.Add(1)
	c.o.Log.Error("sandbox rail answered something else than was asked", "reference", reference)
	return connector.Answer{}
}

// understand turns a reply into an answer. It approves only what the rail's
// outcome and its response code both do.
func (c *Client) understand(a reply) connector.Answer {
	meaning := connector.OfCode(a.Code)
	answer := connector.Answer{RailReference: a.RailReference, NetworkCode: a.Code}
	switch {
	case a.Outcome == approved && meaning.Approved && a.RailReference != "":
		answer.Result, answer.DisputeReason, answer.ReturnReason = connector.Approved, a.Dispute, a.Return
	case a.Outcome == declined && !meaning.Approved:
		if a.Reason != "" {
			meaning = connector.OfDecline(a.Reason)
		}
		answer.Result, answer.DeclineCode, answer.Advice = connector.Declined, meaning.DeclineCode, meaning.Advice
	case a.Outcome == actionRequired:
		answer.Result = connector.ActionRequired
	case a.Outcome == missing:
		return connector.Answer{Result: connector.Missing}
	case a.Outcome == abandoned:
		return connector.Answer{Result: connector.Abandoned}
	case a.Outcome == pending:
		return connector.Answer{}
	default:
		return c.violated(a.Reference)
	}
	return answer
}
