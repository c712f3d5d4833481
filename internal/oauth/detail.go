package oauth

import (
	"bytes"
	"errors"
	"fmt"

	strict "github.com/go-jose/go-jose/v4/json"

	"github.com/florinpay/florin/internal/grant"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/money"
)

// detailPayment is the one type of authorization_details.
const detailPayment = "payment"

const detailsMax = 8

// Detail is one limit that a client asks for: payments to one merchant in one currency, up
// to an amount. Source: RFC 9396 §2.
type Detail struct {
	Type     string         `json:"type"` // "payment"
	Payee    id.Merchant    `json:"payee"`
	Currency money.Currency `json:"currency"`
	Amount   int64          `json:"amount"`                   // minor units; in each interval if there is one, else in all
	Payment  int64          `json:"payment_amount,omitempty"` // minor units of one payment; 0: no limit of its own
	Interval string         `json:"interval,omitempty"`       // ISO 8601 repeating interval, as [grant.ParseInterval] reads it
}

// minor is an amount in minor units, written as an integer or as its digits. It never
// passes through a float: 9007199254740993 is not read as …992.
type minor int64

func (m *minor) UnmarshalJSON(text []byte) error {
	digits := text
	if len(text) > 1 && text[0] == '"' && text[len(text)-1] == '"' {
		digits = text[1 : len(text)-1]
	}
	var n int64
	for i, c := range digits {
		if c < '0' || c > '9' || i == 0 && c == '0' || i > 15 {
			return errAmount
		}
		n = n*10 + int64(c-'0')
	}
	if len(digits) == 0 || n > money.MaxMinor {
		return errAmount
	}
	*m = minor(n)
	return nil
}

var errAmount = errors.New("an amount must be a whole number of minor units, from 1")

// ParseDetails reads authorization_details. What is not understood to the letter is
// refused: a limit that is dropped or misread would be no limit. Errors: *Fail with
// invalid_authorization_details. Source: RFC 9396 §2, §5.
func ParseDetails(text string) ([]Detail, error) {
	bad := func(why string) ([]Detail, error) { return nil, fail("invalid_authorization_details", why) }
	var list []strict.RawMessage
	if strict.Unmarshal([]byte(text), &list) != nil || len(list) == 0 || len(list) > detailsMax {
		return bad(fmt.Sprintf("authorization_details must be a list of 1 to %d objects.", detailsMax))
	}
	out := make([]Detail, len(list))
	for i, raw := range list {
		var err error
		if out[i], err = parseDetail(raw); err != nil {
			return bad("An authorization detail cannot be used: " + err.Error() + ".")
		}
		for _, before := range out[:i] {
			if before.Payee == out[i].Payee && before.Currency == out[i].Currency {
				return bad("Two details are about the same payee and currency.")
			}
		}
	}
	return out, nil
}

func parseDetail(raw []byte) (d Detail, err error) {
	var members map[string]strict.RawMessage
	if strict.Unmarshal(raw, &members) != nil || members == nil {
		return d, errors.New("it is not an object, or a member comes twice")
	}
	var texts = map[string]*string{"type": &d.Type, "payee": (*string)(&d.Payee), "currency": (*string)(&d.Currency), "interval": &d.Interval}
	var amounts = map[string]*int64{"amount": &d.Amount, "payment_amount": &d.Payment}
	for name, value := range members {
		if text := texts[name]; text != nil {
			if bytes.Equal(value, []byte("null")) || strict.Unmarshal(value, text) != nil || *text == "" {
				return d, errors.New(name + " must be a text")
			}
		} else if amount := amounts[name]; amount != nil {
			if err := (*minor)(amount).UnmarshalJSON(value); err != nil {
				return d, err
			}
		} else {
			return d, errors.New("it has an unknown member")
		}
	}
	return d, d.check()
}

func (d *Detail) check() error {
	switch _, unknown := money.ParseCurrency(string(d.Currency)); {
	case d.Type != detailPayment:
		return errors.New("its type is unknown")
	case !id.Valid(d.Payee):
		return errors.New("payee must be the id of a merchant")
	case unknown != nil:
		return errors.New("currency must be an ISO 4217 code in use")
	case d.Amount < 1:
		return errAmount
	case d.Payment > d.Amount:
		return errors.New("payment_amount is over amount")
	}
	if d.Interval == "" {
		return nil
	}
	if _, err := grant.ParseInterval(d.Interval); err != nil {
		return errors.New("interval must be like R12/2027-01-01T00:00:00Z/P1M")
	}
	return nil
}

// details reads the authorization_details that a client sent, "" for none.
func (c *Client) details(text string) ([]Detail, error) {
	if text == "" {
		return nil, nil
	}
	list, err := ParseDetails(text)
	if err == nil && !oneOf(c.DetailTypes, detailPayment) {
		err = fail("invalid_authorization_details", "The client is not registered for this type.")
	}
	return list, err
}

// lowered reports whether a person who was asked for some details may have answered with
// others: each is one of those asked for, of at most its amounts.
func lowered(answered, asked []Detail) bool {
	for i, a := range answered {
		within := false
		for _, b := range asked {
			same := a.Type == b.Type && a.Payee == b.Payee && a.Currency == b.Currency && a.Interval == b.Interval
			less := a.Amount <= b.Amount && (b.Payment == 0 || a.Payment != 0 && a.Payment <= b.Payment)
			within = within || same && less
		}
		for _, before := range answered[:i] {
			within = within && (before.Payee != a.Payee || before.Currency != a.Currency)
		}
		if !within || a.check() != nil {
			return false
		}
	}
	return true
}
