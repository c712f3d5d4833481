package event

import (
	"context"
	"slices"
	"time"

	"github.com/florinpay/florin/internal/chain"
	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/id"
)

const (
	followPage = 100         // events in memory at once for one follower
	followPoll = time.Second // how late an event of another process may come
)

// Interest says whose events, and which, a follower wants.
type Interest struct {
	Merchant id.Merchant
	Live     bool
	Types    []string // empty: all
}

// End is the number of the last event of the log, 0 before the first.
func (l *Log) End(ctx context.Context) (int64, error) {
	end, _, err := chain.Read(ctx, l.db, chain.Events)
	return end.Sequence, err
}

// Follow gives fn the events of f with a higher number than after, in the order of
// their numbers, each once and without a gap, and goes on as they happen. It holds
// one page of them and reads the next when fn has taken the last. It returns the
// error of ctx, of fn or of the database.
func (l *Log) Follow(ctx context.Context, c clock.Clock, f Interest, after int64, fn func(Event) error) error {
	for {
		// Listen first: what is committed after the page was read rings.
		heard, stop := bells.listen(ctx, owner{f.Merchant, f.Live})
		last, full, err := l.follow(ctx, f, after, fn)
		if err == nil && !full {
			_ = c.Sleep(heard, followPoll) // a ring ends it early
		}
		stop()
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		after = last
	}
}

// follow gives one page to fn. last is the number to go on from; full says that more
// may wait. Types are chosen here, not by the database: so the cursor moves on over
// what nobody wants, and it is read once.
func (l *Log) follow(ctx context.Context, f Interest, after int64, fn func(Event) error) (last int64, full bool, err error) {
	page, err := l.next(ctx, f.Merchant, f.Live, after, followPage)
	for _, e := range page {
		after = e.Sequence
		if len(f.Types) > 0 && !slices.Contains(f.Types, e.Type) {
			continue
		}
		if err := e.decode(); err != nil {
			return after, false, err
		}
		if err := fn(e); err != nil {
			return after, false, err
		}
	}
	return after, len(page) == followPage, err
}
