package event

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

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

// link gives e its number and hash, and moves the log's end to it.
func (e *Event) link(tx *db.Tx) {
	end := chain.Of(tx, chain.Events)
	end.Sequence++
	e.Sequence = end.Sequence
	e.hash = e.chain(end.Hash)
	end.Hash = e.hash
	end.Put(tx)
}

func (l *Log) bySequence(ctx context.Context, sequence int64) (Event, bool, error) {
	return decoded(events.First(ctx, l.db, "where sequence = $1", sequence))
}

func (l *Log) byID(ctx context.Context, merchant id.Merchant, live bool, event id.Event) (Event, bool, error) {
	return decoded(events.First(ctx, l.db, "where id = $1 and merchant = $2 and live = $3", string(event), string(merchant), live))
}

func decoded(e Event, found bool, err error) (Event, bool, error) {
	if err == nil && found {
		err = e.decode()
	}
	return e, found, err
}

func (e *Event) decode() error {
	e.Data = &florinv1.EventData{}
	return proto.Unmarshal(e.data, e.Data)
}

func (l *Log) between(ctx context.Context, merchant id.Merchant, live bool, p Page, from, to int64) ([]Event, bool, error) {
	tail := "where merchant = $1 and live = $2 and sequence > $3 and sequence < $4 and ($5 = '' or type = $5) order by sequence desc limit $6"
	if p.Before != "" { // the ones nearest to the cursor, then turned round
		tail = "where merchant = $1 and live = $2 and sequence > $3 and sequence < $4 and ($5 = '' or type = $5) order by sequence limit $6"
	}
	list, err := events.Select(ctx, l.db, tail, string(merchant), live, from, to, p.Type, p.Limit+1)
	more := len(list) > p.Limit
	if more {
		list = list[:p.Limit]
	}
	if p.Before != "" {
		slices.Reverse(list)
	}
	for i := range list {
		if err == nil {
			err = list[i].decode()
		}
	}
	return list, more, err
}

// next reads a merchant's events after a number, in order, without their data decoded.
func (l *Log) next(ctx context.Context, merchant id.Merchant, live bool, after int64, limit int) ([]Event, error) {
	return events.Select(ctx, l.db, "where merchant = $1 and live = $2 and sequence > $3 order by sequence limit $4", string(merchant), live, after, limit)
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
