package payment

import (
	"time"

	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/grant"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/ledger"
	"github.com/florinpay/florin/internal/merchant"
	"github.com/florinpay/florin/internal/money"
	"github.com/florinpay/florin/internal/wallet"
)

// Payment is one payer's promise to one merchant. Its State changes only through
// Next. Amounts of money are minor units of Amount.Currency, but those of the payee: Fee,
// FeeReturned and Returned are in the currency that [Payment.Settles] names.
type Payment struct {
	ID          id.Payment
	Merchant    id.Merchant
	Live        bool
	Amount      money.Amount // asked for; never changes
	Source      string       // a card token or a wallet
	Destination id.Wallet    // the wallet that is topped up, if one is
	Manual      bool         // captured by a call of its own
	Connector   string       // "" for a wallet
	Hold        id.Transfer  // sets the amount aside while a card is authorized
	Details     Details
	CreatedAt   time.Time

	State        State
	Captured     int64      // 0 <= Captured <= Amount
	Refunded     int64      // 0 <= Refunded + Refunding <= Captured
	Refunding    int64      // by refunds that are pending
	Reversed     int64      // by disputes that were lost
	Returned     int64      // what refunds and lost disputes took from the payee, pending refunds included; of a converted payment only
	Fee          int64      // of what is captured
	FeeReturned  int64      // of what is refunded or being refunded
	Disputed     bool       // refunds wait until the dispute ends
	Attempt      id.Attempt // the open one: nothing else may happen until it ends
	AuthorizedBy id.Attempt // the one that captures, voids and refunds refer to
	DeclineCode  string
	Advice       string
	ExpiresAt    time.Time // of the authorization
	Sequence     int64     // of the last event about it
}

// Details are what the payment carries along.
type Details struct {
	Description string            `json:"description,omitempty"`
	Reference   string            `json:"reference,omitempty"`
	Metadata    map[string]string `json:"metadata,omitempty"`
	Card        *Card             `json:"card,omitempty"`
	Grant       id.Grant          `json:"grant,omitempty"`      // by which a client paid for its payer
	Conversion  *Conversion       `json:"conversion,omitempty"` // nil: the payee is paid in the payment's currency
}

// Card is what may be shown of the card that pays.
type Card struct {
	Brand string `json:"brand"`
	Last4 string `json:"last4"`
	Month int    `json:"month"`
	Year  int    `json:"year"`
}

// AuthorizationFor is how long an authorization waits for its capture.
const AuthorizationFor = 7 * 24 * time.Hour

// Refusals of the desk.
var (
	ErrDeclined  = fault.New(fault.Refused, "card_declined", "The card was declined. See decline_code and advice.")
	ErrBusy      = fault.New(fault.Conflict, "payment_busy", "Another operation on the payment is not finished. Retry in a moment.").WithRetryAfter(time.Second)
	ErrCapture   = fault.New(fault.Invalid, "capture_too_large", "The amount is above what can be captured.")
	ErrRefund    = fault.New(fault.Invalid, "refund_too_large", "The amount is above what can be refunded.")
	ErrUnpaid    = fault.New(fault.Conflict, "payment_not_captured", "Nothing of the payment is captured, so there is nothing to refund. Cancel it instead.")
	ErrDisputed  = fault.New(fault.Conflict, "payment_disputed", "The payment is disputed, or a dispute took its money back. It can be refunded only once a dispute is won.")
	ErrRail      = fault.New(fault.RailFailed, "rail_refused", "The payment network refused the operation. The payment is as it was before.")
	ErrSource    = fault.New(fault.Invalid, "source_invalid", "The source must be a card token, a wallet, or in the sandbox a test token.")
	ErrNotPayers = fault.New(fault.Invalid, "source_not_payers", "By a payer's grant only that payer's wallets can pay.")
	ErrSourceRun = fault.New(fault.Invalid, "source_missing", "Send a source, or a card_number with expiry_date and cvv.")
)

// money gives n minor units in the payment's currency.
func (p *Payment) money(n int64) money.Amount { return money.New(n, p.Amount.Currency) }

// Capturable is what a capture may still take.
func (p *Payment) Capturable() int64 {
	if p.State != RequiresCapture {
		return 0
	}
	return p.Amount.Minor - p.Captured
}

// Refundable is what a refund may still give back.
func (p *Payment) Refundable() int64 { return p.Captured - p.Refunded - p.Refunding - p.Reversed }

// free reports why nothing may happen to the payment now, or nil.
func (p *Payment) free() error {
	if p.Attempt != "" {
		return ErrBusy
	}
	return nil
}

// payee is the account that the payment fills.
func (p *Payment) payee() ledger.Name {
	if p.Destination != "" {
		return wallet.AccountOf(p.Destination, p.Amount.Currency, p.Live)
	}
	return ledger.Name{Owner: string(p.Merchant), Purpose: ledger.Balance, Currency: p.Settles(), Live: p.Live}
}

func (p *Payment) platform(purpose ledger.Purpose) ledger.Name {
	return ledger.PlatformName(purpose, p.Amount.Currency, p.Live)
}

// accounts are all that any step of the payment may touch.
func (p *Payment) accounts() []ledger.Name {
	return []ledger.Name{p.payee(), p.platform(ledger.AcquirerReceivable), p.settledPlatform(ledger.Fees), p.platform(ledger.Refunds)}
}

// fee is what the platform has earned once captured minor units are captured in
// all: taken over the sum, so that parts add up to it.
func (p *Payment) fee(m merchant.Merchant, captured int64) (int64, error) {
	if p.Destination != "" { // a top-up earns nothing
		return 0, nil
	}
	worth, err := p.worth(captured)
	if err != nil {
		return 0, err
	}
	take := m.CardFee
	if p.Connector == "" {
		take = m.WalletFee
	}
	f, err := take(worth)
	return f.Minor, err
}

// feeReturn is the share of the fee that comes back when n more are refunded:
// taken over the sum of refunds, so that a full refund returns all of it. It is
// never negative: a later capture can lower the share that earlier refunds got.
func (p *Payment) feeReturn(n int64) (int64, error) {
	if p.Captured == 0 {
		return 0, nil
	}
	total, err := p.settled(p.Fee).MulDiv(p.Refunded+p.Refunding+n, p.Captured)
	return max(total.Minor-p.FeeReturned, 0), err
}

// declined is the refusal that a failed payment is answered with.
func (p *Payment) declined() *fault.Fault {
	if p.Connector == "" {
		return fault.Stored(fault.Refused, p.DeclineCode, sentence(p.DeclineCode)).
			WithDecline(p.DeclineCode, p.Advice).WithObject(string(p.ID))
	}
	return ErrDeclined.With("The card was declined: %s", sentence(p.DeclineCode)).
		WithDecline(p.DeclineCode, p.Advice).WithObject(string(p.ID))
}

// sentence says a decline code in words for the developer.
func sentence(code string) string {
	if s, ok := sentences[code]; ok {
		return s
	}
	return "the issuer gave no reason."
}

var sentences = map[string]string{
	"insufficient_funds":        "insufficient funds.",
	"lost_card":                 "the card is reported lost.",
	"stolen_card":               "the card is reported stolen.",
	"expired_card":              "the card has expired. Check expiry_date, or use another card.",
	"incorrect_cvc":             "the security code is wrong. Check cvv.",
	"processing_error":          "the network could not process it. Try again later.",
	"authentication_failed":     "the payer did not pass the authentication.",
	wallet.ErrPaymentLimit.Code: wallet.ErrPaymentLimit.Detail,
	wallet.ErrDayLimit.Code:     wallet.ErrDayLimit.Detail,
	ledger.ErrBalanceLimit.Code: ledger.ErrBalanceLimit.Detail,
	grant.ErrRevoked.Code:       grant.ErrRevoked.Detail,
	grant.ErrNotCovered.Code:    grant.ErrNotCovered.Detail,
	grant.ErrPaymentLimit.Code:  grant.ErrPaymentLimit.Detail,
	grant.ErrLimit.Code:         grant.ErrLimit.Detail,
	"card_deleted":              "the card was deleted from the vault.",
}
