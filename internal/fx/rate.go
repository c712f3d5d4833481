package fx

import (
	"context"
	"time"

	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/money"
)

// ErrRateMissing: nobody has given a rate for the pair, or it has ended.
var ErrRateMissing = fault.New(fault.Conflict, "rate_missing", "There is no current rate between these currencies. Choose another settlement currency, or ask the operator for a rate.")

// Room keeps rates and quotes of one database.
type Room struct {
	db    *db.DB
	clock clock.Clock
}

// New opens the room.
func New(d *db.DB, c clock.Clock) *Room { return &Room{d, c} }

// Price is a rate with where it comes from and how long it holds.
type Price struct {
	money.Rate
	Live      bool
	Source    string // who says so, such as "ecb"
	SetAt     time.Time
	ExpiresAt time.Time // zero: never
}

func (p *Price) key() string {
	mode := "sandbox"
	if p.Live {
		mode = "live"
	}
	return mode + "-" + string(p.From) + "-" + string(p.To)
}

// sandboxSource names the rates below.
const sandboxSource = "florin_sandbox"

// sandboxRates hold in the sandbox where the operator has given none. They are made up.
var sandboxRates = map[[2]money.Currency]money.Rate{}

func init() {
	for _, r := range []money.Rate{
		{From: "EUR", To: "USD", Value: 10842, Scale: 4}, {From: "USD", To: "EUR", Value: 9223, Scale: 4},
		{From: "GBP", To: "USD", Value: 12675, Scale: 4}, {From: "USD", To: "GBP", Value: 7889, Scale: 4},
		{From: "EUR", To: "GBP", Value: 8554, Scale: 4}, {From: "GBP", To: "EUR", Value: 11690, Scale: 4},
		{From: "USD", To: "JPY", Value: 15137, Scale: 2}, {From: "JPY", To: "USD", Value: 6606, Scale: 6},
		{From: "EUR", To: "JPY", Value: 16411, Scale: 2}, {From: "JPY", To: "EUR", Value: 6093, Scale: 6},
		{From: "USD", To: "CNY", Value: 72431, Scale: 4}, {From: "CNY", To: "USD", Value: 13806, Scale: 5},
		{From: "EUR", To: "CNY", Value: 78530, Scale: 4}, {From: "CNY", To: "EUR", Value: 12733, Scale: 5},
		{From: "USD", To: "KWD", Value: 30715, Scale: 5}, {From: "KWD", To: "USD", Value: 32557, Scale: 4},
	} {
		sandboxRates[[2]money.Currency{r.From, r.To}] = r
	}
}

// Set gives a price, in the place of the one before.
func (r *Room) Set(ctx context.Context, p Price) error {
	return r.db.Write(ctx, []db.Lock{prices.Lock(p.key())}, func(tx *db.Tx) error {
		if _, found := prices.Get(tx, p.key()); found {
			prices.Update(tx, p)
		} else {
			prices.Insert(tx, p)
		}
		return nil
	})
}

// Current is the price that holds now. Error: ErrRateMissing.
func (r *Room) Current(ctx context.Context, live bool, from, to money.Currency) (Price, error) {
	wanted := Price{Rate: money.Rate{From: from, To: to}, Live: live}
	p, found, err := prices.First(ctx, r.db, "where id = $1", wanted.key())
	switch {
	case err != nil:
		return p, err
	case found && (p.ExpiresAt.IsZero() || r.clock.Now().Before(p.ExpiresAt)):
		return p, nil
	}
	if own, ok := sandboxRates[[2]money.Currency{from, to}]; ok && !live {
		return Price{Rate: own, Source: sandboxSource}, nil
	}
	return wanted, ErrRateMissing.With("There is no current rate from %s to %s. Choose another settlement currency, or ask the operator for a rate.", from, to)
}

// Prices lists what the operator has given, also what has ended.
func (r *Room) Prices(ctx context.Context) ([]Price, error) {
	return prices.Select(ctx, r.db, "order by id")
}
