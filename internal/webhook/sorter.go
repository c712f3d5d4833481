package webhook

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/id"
)

const (
	sortMax     = 200                  // events of one commit
	makeMax     = 500                  // deliveries after which a commit takes no more events: payments share it
	sortLook    = 5000                 // events looked at in one go
	sortPoll    = time.Second          // whether there is an endpoint at all
	sortGather  = 5 * time.Millisecond // so that events that come together are sorted together
	sortPersist = 100_000              // events passed over before their number is kept
)

// errMoved: another node has sorted on.
var errMoved = errors.New("webhook: sorted by another node")

// sorter reads the log in order and writes deliveries. Any number of nodes may sort: the
// place in the log is moved in the same commit, by one of them.
type sorter struct {
	*Room
	seen  int64             // looked at up to here, by this process
	wake  func(id.Endpoint) // there are deliveries to this endpoint
	leave func()            // the log's end; nil: not attended
}

// run sorts until ctx ends.
func (s *sorter) run(ctx context.Context) {
	defer func() { s.rest() }()
	for ctx.Err() == nil {
		more, err := s.carefully(ctx)
		switch {
		case err != nil && ctx.Err() == nil && !errors.Is(err, errMoved):
			s.Log.Warn("events could not be sorted into deliveries", "error", err)
			_ = s.Clock.Sleep(ctx, sortPoll)
		case more:
		case s.leave == nil:
			_ = s.Clock.Sleep(ctx, sortPoll)
		default:
			if s.Events.Await(ctx, s.Clock, s.seen, sortPoll) == nil {
				_ = s.Clock.Sleep(ctx, sortGather)
			}
		}
	}
}

// carefully is step, which must not break the process.
func (s *sorter) carefully(ctx context.Context) (more bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return s.step(ctx)
}

// rest stops attending to the log.
func (s *sorter) rest() {
	if s.leave != nil {
		s.leave()
		s.leave = nil
	}
}

// step sorts once. more says that there is more to sort at once.
func (s *sorter) step(ctx context.Context) (more bool, err error) {
	after, any, err := s.first(ctx)
	if err != nil || !any {
		s.rest() // nobody listens: the log need not be heard
		return false, err
	}
	if s.leave == nil {
		if s.leave, err = s.Events.Attend(ctx, s.Clock); err != nil {
			return false, err
		}
	}
	kept, err := s.sorted(ctx)
	if err != nil {
		return false, err
	}
	end, err := s.Events.End(ctx)
	if err != nil {
		return false, err
	}
	from := max(kept, s.seen, after)
	if from >= end {
		return false, nil
	}
	to := min(end, from+sortLook)
	list, err := s.Events.Heard(ctx, from, to, sortMax)
	if err != nil {
		return false, err
	}
	if len(list) == sortMax {
		to = list[len(list)-1].Sequence
	}
	made, upTo, err := s.deliveries(ctx, list)
	if err != nil {
		return false, err
	}
	if upTo != 0 {
		to = upTo
	}
	if len(list) > 0 || to-kept > sortPersist { // what was looked at is not looked at again by other rules
		if err := s.keep(ctx, kept, to, made); err != nil {
			return false, err
		}
	}
	s.seen = to
	for _, d := range made {
		s.wake(d.Endpoint)
	}
	return to < end, nil
}

// deliveries are those of the events, in their order. upTo is the number of the last event
// if there are too many for one write; 0: all are there.
func (s *sorter) deliveries(ctx context.Context, list []event.Event) (made []Delivery, upTo int64, err error) {
	now, known := s.Clock.Now(), map[Owner][]Endpoint{}
	for _, e := range list {
		o := Owner{e.Merchant, e.Live}
		all, found := known[o]
		if !found {
			if all, err = s.listening(ctx, o); err != nil {
				return nil, 0, err
			}
			known[o] = all
		}
		for i := range all {
			if all[i].wants(e.Type, e.Sequence) {
				made = append(made, newDelivery(&all[i], e, now))
			}
		}
		if len(made) >= makeMax {
			return made, e.Sequence, nil
		}
	}
	return made, 0, nil
}

func newDelivery(to *Endpoint, e event.Event, now time.Time) Delivery {
	return Delivery{
		ID: idOf(to.ID, e), Endpoint: to.ID, Merchant: to.Merchant, Live: to.Live,
		Sequence: e.Sequence, Event: e.ID, Type: e.Type, Object: e.Fact.Object, CreatedAt: e.At, Status: Pending, DueAt: now,
	}
}

func idOf(to id.Endpoint, e event.Event) id.Delivery {
	return id.DeriveAt[id.Delivery](e.At, string(to), string(e.ID))
}

// keep writes deliveries and moves the place in the log from one number to another.
func (s *sorter) keep(ctx context.Context, from, to int64, made []Delivery) error {
	locks := make([]db.Lock, 0, 1+len(made))
	locks = append(locks, places.Lock(thePlace))
	for _, d := range made { // a redelivery may have made some of them
		locks = append(locks, deliveries.Lock(string(d.ID)))
	}
	return s.db.Write(ctx, locks, func(tx *db.Tx) error {
		p, _ := places.Get(tx, thePlace)
		if p.sequence != from {
			return errMoved
		}
		p.sequence = to
		places.Update(tx, p)
		for _, d := range made {
			if _, found := deliveries.Get(tx, string(d.ID)); !found {
				deliveries.Insert(tx, d)
			}
		}
		return nil
	})
}
