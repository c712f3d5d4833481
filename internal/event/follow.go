package event

import (
	"context"
	"errors"
	"time"

	"github.com/florinpay/florin/internal/chain"
	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/id"
)

const (
	followPage   = 100                   // events in memory at once for one follower
	followPoll   = time.Second           // how late an event of another process may come
	missPatience = 10 * time.Millisecond // for an event whose writer has not handed it over yet
)

// Interest says whose events, and which, a follower wants; zero: every event there is.
type Interest struct {
	Merchant id.Merchant
	Live     bool
	Types    []string // empty: all
	Object   string   // "": about any
}

// Reader is told what a follower meets, one call at a time.
type Reader struct {
	Take func(Event) error // the next event
	Rest func() error      // all that is known was taken, and it waits for more; nil: nobody cares
	Idle func() error      // nothing came for so long; nil: nobody cares
	Wait time.Duration     // before Idle
}

// End is the number of the last event of the log, 0 before the first.
func (l *Log) End(ctx context.Context) (int64, error) {
	end, _, err := chain.Read(ctx, l.db, chain.Events)
	return end.Sequence, err
}

// Follow gives r the events of f with a higher number than after, in the order of
// their numbers, each once and without a gap, and goes on as they happen. It holds
// one page of them and takes the next when r has taken the last. It returns the
// error of ctx, of r or of the database.
func (l *Log) Follow(ctx context.Context, c clock.Clock, f Interest, after int64, r Reader) error {
	t := tailOf(l.db.Shared())
	leave, err := t.enter(ctx, l, c)
	if err != nil {
		return err
	}
	defer leave()
	for ctx.Err() == nil {
		last, more, err := l.page(ctx, t, f, after, r.Take)
		if err != nil {
			return err
		}
		if after = last; more {
			continue
		}
		if r.Rest != nil {
			if err := r.Rest(); err != nil {
				return err
			}
		}
		if after, err = t.wait(ctx, c, f, after, r); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// wait returns when there may be more after a number, and from which number on: what was
// not wanted meanwhile need not be looked at again.
func (t *tail) wait(ctx context.Context, c clock.Clock, f Interest, after int64, r Reader) (from int64, err error) {
	heard, stop := t.listen(ctx, f)
	// Listen first: what comes after this look wakes.
	page, last, whole := t.since(f, after)
	if len(page) > 0 || !whole {
		stop()
		return after, nil
	}
	defer func() { from = max(last, stop()) }()
	wait := r.Wait
	if r.Idle == nil {
		wait = 24 * time.Hour
	}
	if c.Sleep(heard, wait) == nil && r.Idle != nil {
		return after, r.Idle()
	}
	return after, nil
}

// Attend keeps the end of the log at hand for [Log.Await], until leave is called.
// Error: the database's.
func (l *Log) Attend(ctx context.Context, c clock.Clock) (leave func(), err error) {
	return tailOf(l.db.Shared()).enter(ctx, l, c)
}

// Await returns once the log has an event with a higher number than after, or after a
// while. Whoever calls it attends. Error: that of ctx.
func (l *Log) Await(ctx context.Context, c clock.Clock, after int64, atMost time.Duration) error {
	_, err := tailOf(l.db.Shared()).wait(ctx, c, Interest{}, after, Reader{Wait: atMost, Idle: func() error { return nil }})
	return errors.Join(err, ctx.Err())
}

// page gives one page to take. last is the number to go on from; more says that there
// may be more.
func (l *Log) page(ctx context.Context, t *tail, f Interest, after int64, take func(Event) error) (last int64, more bool, err error) {
	page, last, whole := t.since(f, after)
	if whole {
		return last, len(page) == followPage, each(page, take)
	}
	known := t.known()
	rows, err := l.next(ctx, f, after, followPage)
	if err != nil {
		return after, false, err
	}
	// Types are chosen here, not by the database: so the cursor moves on over what nobody
	// wants, and it is read once.
	for i := range rows {
		if last = rows[i].Sequence; f.of(&rows[i]) {
			page = append(page, &rows[i])
		}
	}
	if more = len(rows) == followPage; !more { // nothing else of theirs was there when the end was this
		last = max(last, known)
	}
	return last, more, each(page, take)
}

// each decodes the events of a page, whose originals others read too.
func each(page []*Event, take func(Event) error) error {
	for _, shared := range page {
		e := *shared
		if err := e.decode(); err != nil {
			return err
		}
		if err := take(e); err != nil {
			return err
		}
	}
	return nil
}
