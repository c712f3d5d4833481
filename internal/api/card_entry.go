package api

import (
	"context"
	"strings"

	"github.com/florinpay/florin/internal/apikey"
	"github.com/florinpay/florin/internal/card"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/payment"
	"github.com/florinpay/florin/internal/vault"
	"github.com/florinpay/florin/internal/wire"
)

// CardEntry is the one place outside the card zone where a card number passes: it
// hands the number straight to the vault, and only a token walks on.
type CardEntry struct {
	Vault *vault.Vault
	// Tokens are the sandbox's test tokens and the numbers they stand for.
	Tokens map[string]string
}

const (
	testTokenPrefix = "tok_"
	scopeCardData   = "cards:write"
)

// testExpiry goes with a test token.
var testExpiry = card.Expiry{Month: 12, Year: 2099}

// presented is a card as a request gave it.
type presented struct{ number, expiry, cvv string }

// Parsed card data. The caller wipes it.
type parsed struct {
	number card.Number
	expiry card.Expiry
	cvv    *vault.CVV
}

// parse checks card data and names every bad field.
func (p presented) parse(withCVV bool) (parsed, error) {
	var out parsed
	var bad []fault.Field
	report := func(pointer string, err error) {
		if f := fault.Of(err); f != nil {
			bad = append(bad, fault.Field{Pointer: pointer, Code: f.Code, Detail: f.Detail})
		}
	}
	var err error
	out.number, err = card.ParseNumber(p.number)
	report("/card_number", err)
	out.expiry, err = card.ParseExpiry(p.expiry)
	report("/expiry_date", err)
	if withCVV && p.cvv != "" {
		cvv, err := card.ParseCVV(p.cvv)
		report("/cvv", err)
		if err == nil && !out.number.IsZero() {
			report("/cvv", cvv.CheckBrand(out.number.Brand()))
		}
		out.cvv = &cvv
	}
	if len(bad) > 0 {
		out.wipe()
		return parsed{}, wire.Invalid(bad...)
	}
	return out, nil
}

func (p *parsed) wipe() {
	p.number.Wipe()
	if p.cvv != nil {
		p.cvv.Wipe()
	}
}

// from is what a payment is taken from: a wallet, or a card's token with what is
// known of the card by now, or how it gets into the vault if it is not there.
type from struct {
	source string
	card   *vault.Card
	cvv    *vault.CVV
	keep   func(context.Context) error
}

// order fills in what the payment is taken from.
func (f from) order(o payment.Order) payment.Order {
	o.Source, o.Card, o.CVV, o.Keep = f.source, f.card, f.cvv, f.keep
	return o
}

// wipe forgets the code on the card.
func (f from) wipe() {
	if f.cvv != nil {
		f.cvv.Wipe()
	}
}

// source is what a payment is taken from: the token of the card that was
// presented, of a test token, or what the request names itself. The code on the
// card stays in memory.
func (e CardEntry) source(ctx context.Context, named string, p presented) (from, error) {
	caller := callOf(ctx).Caller
	switch {
	case p.number == "" && (p.expiry != "" || p.cvv != ""):
		return from{}, wire.Invalid(fault.Field{Pointer: "/card_number", Code: wire.CodeRequired, Detail: "Send card_number with expiry_date and cvv, or a source alone."})
	case p.number != "" && named != "":
		return from{}, wire.Invalid(fault.Field{Pointer: "/source", Code: wire.CodeConflictingFields, Detail: "Send a source or a card_number, not both."})
	case p.number != "":
		if err := needScope(caller, scopeCardData); err != nil {
			return from{}, err
		}
		return e.keep(ctx, p)
	case strings.HasPrefix(named, testTokenPrefix):
		number, known := e.Tokens[named]
		if !known || caller.Live {
			return from{}, wire.Invalid(fault.Field{Pointer: "/source", Code: wire.CodeNotAllowed, Detail: "There is no such test token, or the key is a live one. See the list of test tokens in the documentation."})
		}
		return e.testCard(ctx, presented{number: number, expiry: testExpiry.String()})
	}
	return from{source: named}, nil
}

// testCard is the token of a test card, which is in the vault from its first use on.
func (e CardEntry) testCard(ctx context.Context, p presented) (from, error) {
	data, err := p.parse(false)
	if err != nil {
		return from{}, err
	}
	defer data.wipe()
	token := e.Vault.Token(callOf(ctx).owner(), data.number, data.expiry)
	return from{source: string(token), keep: func(ctx context.Context) error {
		_, err := e.keep(ctx, p)
		return err
	}}, nil
}

func (e CardEntry) keep(ctx context.Context, p presented) (from, error) {
	data, err := p.parse(true)
	if err != nil {
		return from{}, err
	}
	defer data.number.Wipe()
	call := callOf(ctx)
	c, err := e.Vault.Keep(ctx, vault.Keeping{
		Owner: call.owner(), Number: data.number, Expiry: data.expiry,
		Origin: event.Origin{Request: call.Request},
	})
	if err != nil {
		data.wipe()
		return from{}, err
	}
	return from{source: string(c.ID), card: &c, cvv: data.cvv}, nil
}

// Digest is a keyed digest of a card number for fingerprints.
func (e CardEntry) Digest(caller Caller, number string) string {
	n, err := card.ParseNumber(number)
	if err != nil {
		return "invalid" // it is refused before anything is stored
	}
	defer n.Wipe()
	return e.Vault.Fingerprint(vault.Owner{Merchant: caller.Merchant, Live: caller.Live}, n)
}

// cardNumber reports whether s is the number of a card of a known brand.
func cardNumber(s string) bool {
	n, err := card.ParseNumber(s)
	if err != nil {
		return false
	}
	defer n.Wipe()
	return n.Brand() != card.Unknown
}

func needScope(c Caller, name string) error {
	scopes, err := apikey.ParseScopes([]string{name})
	if err == nil && !scopes.Within(c.Scopes) {
		err = fault.ErrScope.With("Raw card data needs the scope %s. Use a card token, or a key with that scope.", name)
	}
	return err
}
