package grant

import (
	"fmt"
	"slices"
	"time"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/money"
)

// limitsMax is how many limits one grant has at most.
const limitsMax = 8

// Draft is a grant to be.
type Draft struct {
	Merchant id.Merchant
	Live     bool
	Person   id.Person
	Payer    id.Payer
	Client   id.Client
	Scopes   []string
	Limits   []Limit // Grant, PeriodAt and Spent are filled in
	For      time.Duration
	Origin   event.Origin
}

// New makes the active grant of d. Error: fault.ErrInvalid with fields.
func New(d Draft, now time.Time) (Grant, error) {
	bad := fault.ErrInvalid
	if d.For <= 0 {
		bad = bad.WithField("/expires_at", "too_small", "Name a moment to come.")
	}
	if len(d.Limits) > limitsMax {
		bad = bad.WithField("/limits", "too_many", fmt.Sprintf("Send at most %d.", limitsMax))
	}
	g := Grant{
		ID: id.New[id.Grant](now), Merchant: d.Merchant, Live: d.Live, Person: d.Person, Payer: d.Payer, Client: d.Client,
		Scopes: slices.Clone(d.Scopes), CreatedAt: now, ExpiresAt: now.Add(d.For), State: Active,
	}
	seen := map[string]bool{}
	for i, l := range d.Limits {
		l.Grant, l.PeriodAt, l.Spent = g.ID, time.Time{}, 0
		place := fmt.Sprintf("/limits/%d", i)
		switch {
		case l.Payee != d.Merchant:
			bad = bad.WithField(place+"/payee", "not_found", "The payer can pay its own merchant only.")
		case !l.Currency.Valid():
			bad = bad.WithField(place+"/currency", money.ErrCurrencyUnknown.Code, "Send an active ISO 4217 code, such as USD.")
		case l.Max <= 0 || l.Max > money.MaxMinor:
			bad = bad.WithField(place+"/amount", "out_of_range", fmt.Sprintf("Send 1 to %d.", money.MaxMinor))
		case l.PaymentMax < 0 || l.PaymentMax > l.Max:
			bad = bad.WithField(place+"/payment_amount", "out_of_range", "Send at most the amount.")
		case seen[l.key()]:
			bad = bad.WithField(place, "duplicate_value", "Send one limit for each payee and currency.")
		}
		seen[l.key()] = true
		g.Limits = append(g.Limits, l)
	}
	if len(bad.Fields) > 0 {
		return Grant{}, bad
	}
	return g, nil
}

// CreateLocks are the rows that [Create] writes.
func (g *Grant) CreateLocks() []db.Lock { return []db.Lock{event.Lock()} }

// Create keeps a new grant, in the commit of the consent that made it.
func Create(tx *db.Tx, g Grant, origin event.Origin, now time.Time) {
	tell(tx, "grant.created", &g, origin, now)
	grants.Insert(tx, g)
	for _, l := range g.Limits {
		limits.Insert(tx, l)
	}
}

// tell writes what happened to g into the log. It comes before g is stored, which keeps the
// number that it gives.
func tell(tx *db.Tx, kind string, g *Grant, origin event.Origin, now time.Time) {
	g.Sequence = event.Append(tx, event.Fact{
		Merchant: g.Merchant, Live: g.Live, Type: kind, Object: string(g.ID), Origin: origin, At: now,
		Data: &florinv1.EventData{Object: &florinv1.EventData_Grant{Grant: View(*g, now)}},
	})
}
