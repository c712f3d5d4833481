package event

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
)

// Origin is the request behind a fact; zero for what the platform does by itself.
type Origin struct {
	Request        id.Request
	IdempotencyKey string
}

// Fact is something that happened to one object of one merchant.
type Fact struct {
	Merchant id.Merchant
	Live     bool
	Type     string // of the catalogue
	Object   string // id of the object
	Data     *florinv1.EventData
	Origin   Origin
	At       time.Time
}

// Event is a fact with its place in the log.
type Event struct {
	Sequence int64
	ID       id.Event
	Fact
	data []byte
	hash []byte // SHA-256 over the fields above and the hash before it
}

// Append writes f as the next event of tx, whose write must have named [Lock],
// and returns its number. It sets that in the object that f holds; the caller keeps it in
// the object's row, in the same write, so that both say the same. It panics on a type that
// the catalogue does not have or that carries something else.
func Append(tx *db.Tx, f Fact) int64 {
	f.check()
	e := Event{Fact: f}
	e.link(tx)
	events.Insert(tx, e)
	tail := tailOf(tx.Shared())
	e.Data = nil // its bytes tell: the caller may go on with the message
	tx.After(func() { tail.put(&e) })
	return e.Sequence
}

// seal makes the data of e, which has its number.
func (e *Event) seal() {
	e.number()
	var err error
	if e.data, err = proto.Marshal(e.Data); err != nil {
		panic(fmt.Sprintf("event: %s data does not marshal: %v", e.Type, err)) // our own message: a bug
	}
}

// number gives the object that e is about e's own number: as e holds it, e is the last
// event about it. Data of another object stays as it is: the transfer of wallet.sent has
// a number of the ledger's.
func (e *Event) number() {
	m := e.Object().ProtoReflect()
	fields := m.Descriptor().Fields()
	key, sequence := fields.ByName("id"), fields.ByName("sequence")
	if key != nil && sequence != nil && m.Get(key).String() == e.Fact.Object {
		m.Set(sequence, protoreflect.ValueOfInt64(e.Sequence))
	}
}

// chain computes the hash of e, which follows an event of hash prev: SHA-256 over
// prev and the fields in order, texts and data with their length before them,
// numbers as eight bytes big-endian, the instant in microseconds.
func (e *Event) chain(prev []byte) []byte {
	b := make([]byte, 0, 256+len(e.data))
	b = append(b, prev...)
	number := func(n int64) { b = binary.BigEndian.AppendUint64(b, uint64(n)) } //nolint:gosec // two's complement
	text := func(s string) {
		number(int64(len(s)))
		b = append(b, s...)
	}
	number(e.Sequence)
	text(string(e.ID))
	text(string(e.Merchant))
	text(strconv.FormatBool(e.Live))
	text(e.Type)
	text(e.Fact.Object)
	number(int64(len(e.data)))
	b = append(b, e.data...)
	text(string(e.Origin.Request))
	text(e.Origin.IdempotencyKey)
	number(e.At.UnixMicro())
	h := sha256.Sum256(b)
	return h[:]
}

// Object is the message that the event's data holds, whichever it is.
func (e Event) Object() proto.Message {
	m := e.Data.ProtoReflect()
	if f := m.WhichOneof(object); f != nil {
		return m.Get(f).Message().Interface()
	}
	return e.Data
}

// Log reads the log.
type Log struct{ db *db.DB }

// NewLog reads the log kept in d.
func NewLog(d *db.DB) *Log { return &Log{d} }

// At reads the event of that number. Error: fault.ErrNotFound.
func (l *Log) At(ctx context.Context, sequence int64) (Event, error) {
	return one(l.bySequence(ctx, sequence))
}

// Get reads a merchant's event. Error: fault.ErrNotFound, also for another merchant's.
func (l *Log) Get(ctx context.Context, merchant id.Merchant, live bool, event id.Event) (Event, error) {
	return one(l.byID(ctx, merchant, live, event))
}

// TypesMax is how many types one list may be of.
const TypesMax = 5

// Filter says which events to list: those that hold all of what is set.
type Filter struct {
	Page     db.Page  // by id
	Types    []string // one of these
	Object   string   // about the object of this id
	From, To time.Time
}

// List reads a merchant's events, newest first. next is the id to go on from in the
// direction of reading, "" if nothing is left. Error: fault.ErrNotFound if there is no
// such event as the page starts from.
func (l *Log) List(ctx context.Context, merchant id.Merchant, live bool, f Filter) (list []Event, next id.Event, err error) {
	var after, before int64
	if c := f.Page.Cursor(); c != "" { // a list starts from its own objects only
		e, err := l.Get(ctx, merchant, live, id.Event(c))
		if err != nil {
			return nil, "", err
		}
		if after = e.Sequence; f.Page.Before != "" {
			after, before = 0, e.Sequence
		}
	}
	return l.search(ctx, merchant, live, f, after, before)
}

func one(e Event, found bool, err error) (Event, error) {
	if err == nil && !found {
		err = fault.ErrNotFound
	}
	return e, err
}
