package sandbox

import (
	"github.com/florinpay/florin/internal/card"
)

// TestCard is a card that the rail knows.
type TestCard struct {
	Number  string // published test data, nobody's card
	Token   string // names the card in a payment's source, in sandbox mode only
	Meaning string // one line, for people

	behaviour behaviour
}

// behaviour is how the rail treats an authorization of a card. The zero
// behaviour approves and says so once, at once, truthfully.
type behaviour struct {
	code         string // response code; "" approves
	generic      bool   // the issuer gives no reason: generic_decline, whatever the code
	byAmount     bool   // the amount's last two digits are the response code
	authenticate bool   // asks for authentication first
	disputed     bool   // the payer will contest the payment
	returns      bool   // refunds succeed and come back
	settles      bool   // gives no answer until SettleAfter has passed
	lost         bool   // the rail never gets it
	late         bool   // answers LateBy later
	twice        bool
	wrong        bool // answers an approval of another amount
}

// Cards are the cards of the table in the package comment.
var Cards = []TestCard{
	{"4242424242424242", "tok_visa", "Approves.", behaviour{}},
	{"4111111111111111", "tok_visa_classic", "Approves.", behaviour{}},
	{"5555555555554444", "tok_mastercard", "Approves.", behaviour{}},
	{"378282246310005", "tok_amex", "Approves.", behaviour{}},
	{"4000000000000002", "tok_declined", "Declined: generic_decline.", behaviour{code: "05", generic: true}},
	{"4000000000009995", "tok_insufficient_funds", "Declined: insufficient_funds.", behaviour{code: "51"}},
	{"4000000000009987", "tok_lost_card", "Declined: lost_card.", behaviour{code: "41"}},
	{"4000000000009979", "tok_stolen_card", "Declined: stolen_card.", behaviour{code: "43"}},
	{"4000000000000069", "tok_expired_card", "Declined: expired_card.", behaviour{code: "54"}},
	{"4000000000000127", "tok_incorrect_cvc", "Declined: incorrect_cvc.", behaviour{code: "82"}},
	{"4000000000000119", "tok_processing_error", "Declined: processing_error.", behaviour{code: "96"}},
	{"4000000000003220", "tok_authenticate", "Needs the payer's authentication, then approves.", behaviour{authenticate: true}},
	{"4000000000000259", "tok_disputed", "Approves; the payer contests the payment later.", behaviour{disputed: true}},
	{"4000000000005126", "tok_refund_fails", "Approves; a refund succeeds and fails later, as the money comes back.", behaviour{returns: true}},
	{"4000000000000341", "tok_unknown", "No answer in time: the outcome is unknown, and resolves to approved.", behaviour{settles: true}},
	{"4000000000000358", "tok_lost", "No answer: the rail never saw the request. Resolves to failed.", behaviour{lost: true}},
	{"4000000000000366", "tok_late", "Approves, but the answer comes after the timeout. Resolves to approved.", behaviour{late: true}},
	{"4000000000000374", "tok_twice", "Approves, and the answer comes twice.", behaviour{twice: true}},
	{"4000000000000382", "tok_wrong", "The answer is about another amount. Resolves to declined.", behaviour{code: "05", generic: true, wrong: true}},
	{"4000000000008583", "tok_by_amount", "The amount's last two digits are the ISO 8583 response code: 1000 approves, 1051 is insufficient_funds.", behaviour{byAmount: true}},
}

// TokenExpiry goes with a test token: no test card of ours expires by itself.
var TokenExpiry = card.Expiry{Month: 12, Year: 2099}

// Tokens gives each test token's card number.
var Tokens = func() map[string]string {
	m := make(map[string]string, len(Cards))
	for _, c := range Cards {
		m[c.Token] = c.Number
	}
	return m
}()

var behaviours = func() map[string]behaviour {
	m := make(map[string]behaviour, len(Cards))
	for _, c := range Cards {
		m[c.Number] = c.behaviour
	}
	return m
}()
