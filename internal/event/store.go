package event

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/chain"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/id"
)

var events = db.NewTable("event", func(e *Event, f *db.Fields) {
	db.Int(f, "sequence", &e.Sequence)
	db.Text(f, "id", &e.ID)
	db.Text(f, "merchant", &e.Merchant)
	db.Bool(f, "live", &e.Live)
	db.Text(f, "type", &e.Type)
	db.Text(f, "object", &e.Fact.Object)
	db.Bytes(f, "data", &e.data)
	db.Text(f, "request", &e.Origin.Request)
	db.Text(f, "idempotency_key", &e.Origin.IdempotencyKey)
	db.Time(f, "created_at", &e.At)
	db.Bytes(f, "hash", &e.hash)
})

// Lock is the log's end: every write that appends names it.
func Lock() db.Lock { return chain.Lock(chain.Events) }

// link gives e its number, id, data and hash, and moves the log's end to it. Instants never
// run backwards along the log: a time range is a range of numbers.
func (e *Event) link(tx *db.Tx) {
	end := chain.Of(tx, chain.Events)
	if e.At.After(end.At) {
		end.At = e.At
	}
	end.Sequence++
	e.Sequence, e.At = end.Sequence, end.At
	e.ID = id.New[id.Event](e.At)
	e.seal()
	e.hash = e.chain(end.Hash)
	end.Hash = e.hash
	end.Put(tx)
}

func (l *Log) bySequence(ctx context.Context, sequence int64) (Event, bool, error) {
	return decoded(events.First(ctx, l.db, "where sequence = $1", sequence))
}

func (l *Log) byID(ctx context.Context, merchant id.Merchant, live bool, event id.Event) (Event, bool, error) {
	// The id alone: a planner must not look for it among all of the merchant's.
	e, found, err := decoded(events.First(ctx, l.db, "where id = $1", string(event)))
	if e.Merchant != merchant || e.Live != live {
		return Event{}, false, err
	}
	return e, found, err
}

func decoded(e Event, found bool, err error) (Event, bool, error) {
	if err == nil && found {
		err = e.decode()
	}
	return e, found, err
}

// decode reads the data. That of events from before objects had numbers lacks the
// object's: it is the event's own.
func (e *Event) decode() error {
	e.Data = &florinv1.EventData{}
	if err := proto.Unmarshal(e.data, e.Data); err != nil {
		return err
	}
	e.number()
	return nil
}

func (l *Log) search(ctx context.Context, merchant id.Merchant, live bool, f Filter, after, before int64) ([]Event, id.Event, error) {
	s := db.Search[Event, int64]{Limit: f.Page.Limit, Key: func(e *Event) int64 { return e.Sequence }}
	var err error
	if s.Over, s.Under, err = l.numbers(ctx, f.From, f.To); err != nil {
		return nil, "", err
	}
	s.Start(after, before)
	if f.Object != "" {
		s.Ways = append(s.Ways, db.Way{Table: "event", Key: "sequence", Where: "object = $1", Each: [][]any{{f.Object}}})
	}
	if len(f.Types) > 0 && !slices.ContainsFunc(f.Types, frequent) {
		way := db.Way{Table: "event", Key: "sequence", Where: "merchant || type = $1 and live = $2 and " + rare}
		for _, one := range f.Types {
			way.Each = append(way.Each, []any{string(merchant) + one, live})
		}
		s.Ways = append(s.Ways, way)
	}
	if len(s.Ways) == 0 {
		s.Ways = []db.Way{{Table: "event", Key: "sequence", Where: "merchant = $1 and live = $2", Each: [][]any{{string(merchant), live}}}}
	}
	types := append(slices.Clone(f.Types), make([]string, TypesMax)...)[:TypesMax]
	s.Check = "merchant = $1 and live = $2 and ($3 = '' or object = $3) and created_at >= $4 and created_at <= $5 and ($6 = '' or type in ($6, $7, $8, $9, $10))"
	s.Args = []any{string(merchant), live, f.Object, db.Micros(f.From), db.MicrosUntil(f.To), types[0], types[1], types[2], types[3], types[4]}
	s.Picky = f.Object != "" || len(f.Types) > 0 || !f.From.IsZero() || !f.To.IsZero()
	list, next, err := db.Walk(ctx, l.db, events, s)
	for i := range list {
		if err == nil {
			err = list[i].decode()
		}
	}
	if err != nil || next == 0 {
		return list, "", err
	}
	e, _, err := l.bySequence(ctx, next)
	return list, e.ID, err
}

// rare is what the index event_type holds.
const rare = "type not in ('payment.created', 'payment.succeeded')"

func frequent(kind string) bool { return kind == "payment.created" || kind == "payment.succeeded" }

// numbers gives the numbers around all events of a span of time. Ids are in order of
// time, and so are numbers.
func (l *Log) numbers(ctx context.Context, from, to time.Time) (over, under int64, err error) {
	first, end := id.Between[id.Event](from, to)
	if first != "" {
		err = l.db.Query(ctx, "select sequence from event where id < $1 order by id desc limit 1", func(r db.Row) error { over = r.Int(0); return nil }, string(first))
	}
	if end != "" && err == nil {
		err = l.db.Query(ctx, "select sequence from event where id > $1 order by id limit 1", func(r db.Row) error { under = r.Int(0); return nil }, string(end))
	}
	return over, under, err
}

// next reads the events of an interest's owner after a number, in order, without their
// data decoded.
func (l *Log) next(ctx context.Context, f Interest, after int64, limit int) ([]Event, error) {
	if f.Merchant == "" {
		return l.after(ctx, after, limit)
	}
	return events.Select(ctx, l.db, "where merchant = $1 and live = $2 and sequence > $3 order by sequence limit $4", string(f.Merchant), f.Live, after, limit)
}

// Heard reads what owners that have a webhook endpoint hear: the events with a number over
// one and up to another, in order, without their data; limit at most.
func (l *Log) Heard(ctx context.Context, over, upTo int64, limit int) ([]Event, error) {
	const heard = `where sequence > $1 and sequence <= $2 and exists (select 1 from webhook_endpoint w
		where w.merchant = event.merchant and w.live = event.live and w.status <> 'deleted') order by sequence limit $3`
	return events.Select(ctx, l.db, heard, over, upTo, limit)
}

// Span reads the events of an interest of a span of time, oldest first, without their
// data, and only those with a number over one; limit at most. A zero instant is no bound.
func (l *Log) Span(ctx context.Context, f Interest, from, to time.Time, after int64, limit int) (list []Event, err error) {
	over, under, err := l.numbers(ctx, from, to)
	over = max(over, after)
	for err == nil && len(list) < limit {
		var page []Event
		if page, err = l.next(ctx, f, over, followPage); err != nil {
			return nil, err
		}
		for i := range page {
			e := &page[i]
			if over = e.Sequence; under != 0 && over >= under || !to.IsZero() && e.At.After(to) {
				return list, nil
			}
			if f.of(e) && !e.At.Before(from) && len(list) < limit {
				list = append(list, *e)
			}
		}
		if len(page) < followPage {
			break
		}
	}
	return list, err
}

// after is next for every owner.
func (l *Log) after(ctx context.Context, after int64, limit int) ([]Event, error) {
	return events.Select(ctx, l.db, "where sequence > $1 order by sequence limit $2", after, limit)
}

// lastUpTo reads the last event about each object that is not after a number: one step
// down the index event_object for each of them. Objects are repeated to a few lengths, so
// that engines see few different statements.
func (l *Log) lastUpTo(ctx context.Context, sequence int64, objects []string) ([]Event, error) {
	size := 16
	for size < len(objects) {
		size *= 2
	}
	args, values := []any{sequence}, make([]string, size)
	for i := range values {
		values[i] = fmt.Sprintf("($%d)", i+2)
		args = append(args, objects[min(i, len(objects)-1)])
	}
	tail := `where sequence in (select (select max(sequence) from event e where e.object = o.column1 and e.sequence <= $1)
		from (values ` + strings.Join(values, ", ") + `) as o)`
	return events.Select(ctx, l.db, tail, args...)
}

// errFound ends a scan at the first difference.
var errFound = errors.New("event: difference found")

// Verify recomputes the log: numbers without gaps and hashes from the first event to
// the end. It returns the number of events and the first difference as text, "" for
// none.
func (l *Log) Verify(ctx context.Context) (count int64, finding string, err error) {
	hash := make([]byte, sha256.Size)
	err = events.Each(ctx, l.db, "order by sequence", func(e *Event) error {
		count++
		switch {
		case e.Sequence != count:
			finding = fmt.Sprintf("the event log has gaps in its numbers: event %d is missing", count)
		case !bytes.Equal(e.hash, e.chain(hash)):
			finding = fmt.Sprintf("event %d (%s) does not match its hash: it, or its hash, was changed", e.Sequence, e.ID)
		default:
			hash = e.hash
			return nil
		}
		return errFound
	})
	if err != nil && !errors.Is(err, errFound) || finding != "" {
		return count, finding, only(err, finding)
	}
	end, found, err := chain.Read(ctx, l.db, chain.Events)
	if err == nil && (!found || end.Sequence != count || !bytes.Equal(end.Hash, hash)) {
		finding = fmt.Sprintf("the event log's end is recorded at %d, its last event is %d", end.Sequence, count)
	}
	return count, finding, err
}

// only is err unless it just carried a finding.
func only(err error, finding string) error {
	if finding != "" {
		return nil
	}
	return err
}
