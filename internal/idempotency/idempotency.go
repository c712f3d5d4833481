package idempotency

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/fault"
)

// Source: draft-ietf-httpapi-idempotency-key-header; Stripe's API for the replay header.
var (
	ErrReused   = fault.New(fault.KeyReused, "idempotency_key_reused", "This Idempotency-Key was used with another request. Send a new key, or the first request again.")
	ErrInUse    = fault.New(fault.Conflict, "idempotency_key_in_use", "The first request with this Idempotency-Key is still running. Retry in a moment.").WithRetryAfter(time.Second)
	ErrRequired = fault.New(fault.Invalid, "idempotency_key_required", "In live mode this call needs an Idempotency-Key header, so that a retry cannot pay twice.")
	ErrTooLong  = fault.New(fault.Invalid, "idempotency_key_invalid", "The Idempotency-Key must be 1 to 255 printable ASCII characters.")
)

// KeepFor is how long a key is remembered.
const KeepFor = 30 * 24 * time.Hour

// fingerprintMax is how much of a fingerprint is kept, in bytes: enough that no
// accident makes two requests look alike.
const fingerprintMax = 16

// LengthMax is the longest key, in bytes.
const LengthMax = 255

// Key is one request's idempotency key, bound to its caller, mode and content.
type Key struct {
	Text        string // as the caller sent it
	id          string
	fingerprint []byte
	written     bool
	spends      spending // what the request uses up beside the key; nil: nothing
	spendsAt    time.Time
}

// spending is what may be used once, such as the proof that came with a request.
type spending interface {
	Locks() []db.Lock
	Spend(tx *db.Tx, now time.Time) error
}

// Spend makes the request's first write use s up too, in its own commit. A retry that is
// answered by the record uses up nothing.
func (k *Key) Spend(s spending, now time.Time) { k.spends, k.spendsAt = s, now }

// New makes the key that caller sent with a request of that fingerprint: a
// digest of the decoded message, so that encodings agree. Errors: ErrTooLong.
func New(caller string, live bool, text string, fingerprint []byte) (*Key, error) {
	if text == "" || len(text) > LengthMax {
		return nil, ErrTooLong
	}
	for _, c := range []byte(text) {
		if c < 0x20 || c > 0x7e {
			return nil, ErrTooLong
		}
	}
	h := sha256.Sum256(fmt.Appendf(nil, "%s|%t|%s", caller, live, text))
	return &Key{Text: text, id: base64.RawURLEncoding.EncodeToString(h[:16]), fingerprint: fingerprint[:min(len(fingerprint), fingerprintMax)]}, nil
}

// Replay is the finished answer to an earlier request with the same key: the
// object of an event, or a refusal.
type Replay struct {
	Sequence int64 // of the event whose object was the answer; 0 for a refusal
	Refusal  *fault.Fault
}

func (r *Replay) Error() string { return "idempotency: answered before" }

// Running is a request that began and has no answer yet: its process may be at
// work, or dead.
type Running struct{ Object string } // what the request created

func (r *Running) Error() string { return "idempotency: still running on " + r.Object }

type record struct {
	id          string
	fingerprint []byte
	createdAt   time.Time
	object      string // what it works on; "" once it is answered: records are many, so they are slim
	status      state
	sequence    int64
	answer      []byte // a refusal, as florinv1.Problem
}

type state int64

const (
	running state = iota
	answered
	refused
)

// Locks are the rows that Check and the rest decide on.
func (k *Key) Locks() []db.Lock {
	if k == nil {
		return nil
	}
	locks := []db.Lock{records.Lock(k.id)}
	if k.spends != nil {
		locks = append(locks, k.spends.Locks()...)
	}
	return locks
}

// Check is nil the first time. Errors: *Replay, *Running, ErrReused, and what refuses
// to be spent.
func (k *Key) Check(tx *db.Tx) error {
	if k == nil {
		return nil
	}
	r, found := records.Get(tx, k.id)
	if found {
		return k.answer(r)
	}
	if k.spends == nil {
		return nil
	}
	tx.After(func() { k.spends = nil }) // a request writes more than once
	return k.spends.Spend(tx, k.spendsAt)
}

// answer is what a request with this key is told once r is there.
func (k *Key) answer(r record) error {
	switch {
	case !bytes.Equal(r.fingerprint, k.fingerprint):
		return ErrReused
	case r.status == running:
		return &Running{r.object}
	case r.status == answered:
		return &Replay{Sequence: r.sequence}
	}
	f, err := refusal(r.answer)
	if err != nil {
		return err
	}
	return &Replay{Refusal: f}
}

// Begin records that the request has created object and works on.
func (k *Key) Begin(tx *db.Tx, object string, now time.Time) {
	k.put(tx, record{object: object, status: running, createdAt: now})
}

// Finish records that the answer is the object of the event of that number.
func (k *Key) Finish(tx *db.Tx, sequence int64, now time.Time) {
	k.put(tx, record{status: answered, sequence: sequence, createdAt: now})
}

// Refuse records that the answer is a refusal.
func (k *Key) Refuse(tx *db.Tx, f *fault.Fault, now time.Time) {
	data, err := proto.Marshal(&florinv1.Problem{
		Status: int32(f.Kind), Code: f.Code, Detail: f.Detail,
		DeclineCode: f.DeclineCode, Advice: f.Advice, ObjectId: f.Object,
	})
	if err != nil {
		panic("idempotency: a refusal does not marshal: " + err.Error()) // our own strings: a bug
	}
	k.put(tx, record{status: refused, answer: data, createdAt: now})
}

func refusal(data []byte) (*fault.Fault, error) {
	var p florinv1.Problem
	if err := proto.Unmarshal(data, &p); err != nil {
		return nil, fmt.Errorf("idempotency: stored refusal: %w", err)
	}
	return fault.Stored(fault.Kind(p.Status), p.Code, p.Detail).
		WithDecline(p.DeclineCode, p.Advice).WithObject(p.ObjectId), nil
}

func (k *Key) put(tx *db.Tx, r record) {
	if k == nil {
		return
	}
	was, found := records.Get(tx, k.id)
	if !found && k.fingerprint == nil {
		return // forgotten meanwhile: see Sweep
	}
	tx.After(func() { k.written = true })
	if !found {
		r.id, r.fingerprint = k.id, k.fingerprint
		records.Insert(tx, r)
		return
	}
	was.object, was.status, was.sequence, was.answer = r.object, r.status, r.sequence, r.answer
	records.Update(tx, was)
}

// Written reports whether the record is this very request's work: what it says then is
// the request's own answer and no replay.
func (k *Key) Written() bool { return k != nil && k.written }

// ID names the record, "" for no key, so that later work can finish it.
func (k *Key) ID() string {
	if k == nil {
		return ""
	}
	return k.id
}

// Stored is the key whose record has that id; nil for "". It can finish the
// record, not begin one.
func Stored(id string) *Key {
	if id == "" {
		return nil
	}
	return &Key{id: id}
}
