package identity

import (
	"context"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
)

// ClaimTTL is how long a claim code works.
const ClaimTTL = 24 * time.Hour

var (
	// ErrClaimEnded: there is no such claim, or it was used, or its day is over.
	ErrClaimEnded = fault.New(fault.NotFound, "claim_ended", "The claim code is unknown, was used, or is older than a day. Ask the merchant for another.")
	// ErrPayerLinked: a payer is one person's.
	ErrPayerLinked = fault.New(fault.Conflict, "payer_linked", "The payer is linked to another person. Ask the merchant to make a payer of your own.")
)

// Link says that a person is a merchant's payer.
type Link struct {
	Payer    id.Payer
	Person   id.Person
	Merchant id.Merchant
	Live     bool
	LinkedAt time.Time
}

// ClaimPayer makes a code by which one person, once, within a day, says that they are a
// merchant's payer: 43 characters to show once. The caller must have checked that the
// payer is the merchant's, in that mode. by is who asks, "" for a merchant's server.
// Error: fault.ErrInvalid with the field.
func (r *Room) ClaimPayer(ctx context.Context, merchant id.Merchant, live bool, payer id.Payer, by id.Person, b Browser) (code string, expiresAt time.Time, err error) {
	if !id.Valid(merchant) || !id.Valid(payer) {
		return "", time.Time{}, fault.ErrInvalid.WithField("/payer", "not_found", "There is no such payer. Create one with POST /v1/payers.")
	}
	now := r.clock.Now()
	code = newToken()
	c := claimRow{hash: digest("claim", code), merchant: merchant, live: live, payer: payer, expiresAt: now.Add(ClaimTTL)}
	err = r.db.Write(ctx, nil, func(tx *db.Tx) error {
		claims.Insert(tx, c)
		note(tx, now, b, Record{Kind: "claim.made", Result: fine, Actor: by, Merchant: merchant, Object: string(payer)})
		return nil
	})
	if err != nil {
		return "", time.Time{}, err
	}
	return code, c.expiresAt, nil
}

// RedeemClaim links the acting person to the payer that a code is for. Errors:
// ErrSignedOut, ErrClaimEnded, ErrPayerLinked.
func (r *Room) RedeemClaim(ctx context.Context, s Session, code string, b Browser) (Link, error) {
	if !isToken(code) {
		return Link{}, ErrClaimEnded
	}
	hash := digest("claim", code)
	seen, found, err := r.claim(ctx, hash)
	if err != nil {
		return Link{}, err
	}
	if !found {
		return Link{}, ErrClaimEnded
	}
	var l linkRow
	err = r.act(ctx, s, []db.Lock{claims.Lock(hash), links.Lock(string(seen.payer))}, func(tx *db.Tx, a *actor) error {
		c, there := claims.Get(tx, hash)
		if !there || !c.usedAt.IsZero() || !a.now.Before(c.expiresAt) {
			return ErrClaimEnded
		}
		var linked bool
		if l, linked = links.Get(tx, string(c.payer)); linked && l.Person != a.person.ID {
			return ErrPayerLinked
		}
		c.usedAt = a.now
		claims.Update(tx, c)
		if linked {
			return nil
		}
		l = linkRow{Link{c.payer, a.person.ID, c.merchant, c.live, a.now}}
		links.Insert(tx, l)
		a.person.payers++
		people.Update(tx, a.person)
		note(tx, a.now, b, Record{Kind: "payer.linked", Result: fine, Person: a.person.ID, Actor: a.person.ID, Merchant: l.Merchant, Object: string(l.Payer), Session: a.session.ID})
		return nil
	})
	if err != nil {
		return Link{}, err
	}
	return l.Link, nil
}

// Unlink ends the link between the acting person and a payer. Errors: ErrSignedOut;
// fault.ErrNotFound, also for another person's.
func (r *Room) Unlink(ctx context.Context, s Session, payer id.Payer, b Browser) error {
	if !id.Valid(payer) {
		return fault.ErrNotFound
	}
	return r.act(ctx, s, []db.Lock{links.Lock(string(payer))}, func(tx *db.Tx, a *actor) error {
		l, found := links.Get(tx, string(payer))
		if !found || l.Person != a.person.ID {
			return fault.ErrNotFound
		}
		links.Delete(tx, string(payer))
		a.person.payers--
		people.Update(tx, a.person)
		note(tx, a.now, b, Record{Kind: "payer.unlinked", Result: fine, Person: a.person.ID, Actor: a.person.ID, Merchant: l.Merchant, Object: string(payer), Session: a.session.ID})
		return nil
	})
}

// PayersOf lists the payers that a person is, by payer.
func (r *Room) PayersOf(ctx context.Context, person id.Person) ([]Link, error) {
	return r.linksOf(ctx, person)
}

// PersonOf says who a payer is. Error: fault.ErrNotFound if nobody has claimed it.
func (r *Room) PersonOf(ctx context.Context, payer id.Payer) (Link, error) {
	if !id.Valid(payer) {
		return Link{}, fault.ErrNotFound
	}
	l, found, err := r.linkOf(ctx, payer)
	if err == nil && !found {
		err = fault.ErrNotFound
	}
	return l.Link, err
}
