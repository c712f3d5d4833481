package identity

import (
	"context"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
)

// Record is a line of the audit trail. It holds no secret. Source: PCI DSS 4.0.1 10.2.2.
type Record struct {
	ID       id.Record
	At       time.Time
	Kind     string      // what: "<noun>.<past participle>"
	Result   string      // "ok", or why not
	Person   id.Person   // whom it is about; "" for a login that nobody has
	Actor    id.Person   // who did it; "" if nobody was signed in
	Merchant id.Merchant // whom it concerns; "" for none
	Object   string      // id of what was changed, if it is not the person
	Session  id.Session
	Address  string
	Agent    string
	Request  id.Request
}

// fine is the result of what was done.
const fine = "ok"

// textMax is how many bytes of what a browser says of itself are kept.
const textMax = 200

// Browser is where a request comes from.
type Browser struct {
	Address string // IP
	Agent   string // the User-Agent field
	Cookie  string // of the session it had so far, which a sign-in ends; "" for none
	Request id.Request
}

// kept is s as far as it is kept: without what a database or a terminal cannot take.
func kept(s string) string {
	out := make([]byte, 0, min(len(s), textMax))
	for _, c := range []byte(s[:min(len(s), textMax)]) {
		if c < ' ' || c >= 0x7f {
			c = '?'
		}
		out = append(out, c)
	}
	return string(out)
}

// note writes a record of a fact in the commit that made it one.
func note(tx *db.Tx, now time.Time, b Browser, r Record) {
	r.ID, r.At, r.Request = id.New[id.Record](now), now, b.Request
	r.Address, r.Agent = kept(b.Address), kept(b.Agent)
	records.Insert(tx, r)
}

// Noting gives what writes into the audit trail, in another room's commit, that the person
// of a session did something at a merchant: of which kind, to which object.
func Noting(s Session, merchant id.Merchant, b Browser) func(tx *db.Tx, kind, object string, now time.Time) {
	return func(tx *db.Tx, kind, object string, now time.Time) {
		note(tx, now, b, Record{Kind: kind, Result: fine, Person: s.Person, Actor: s.Person, Merchant: merchant, Object: object, Session: s.ID})
	}
}

// Records reads what happened to a person, newest first. next is the id to go on from
// in the direction of reading, "" if nothing is left.
func (r *Room) Records(ctx context.Context, person id.Person, page db.Page) (list []Record, next id.Record, err error) {
	if !id.Valid(person) {
		return nil, "", fault.ErrNotFound
	}
	return r.trail(ctx, "person", string(person), page)
}

// RecordsAt reads what happened with people at a merchant, newest first. next is as
// with [Room.Records].
func (r *Room) RecordsAt(ctx context.Context, merchant id.Merchant, page db.Page) (list []Record, next id.Record, err error) {
	if !id.Valid(merchant) {
		return nil, "", fault.ErrNotFound
	}
	return r.trail(ctx, "merchant", string(merchant), page)
}
