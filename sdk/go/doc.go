// Package florin is a client for a Florin payment platform.
//
//	client, err := florin.New("http://127.0.0.1:8080", key)
//	payment, err := client.Payments.Create(ctx, &florin.CreatePayment{
//		Amount: 1999, Currency: "USD", Source: "tok_visa",
//	})
//
// Amounts are whole numbers of the currency's minor units: 1999 with USD is 19.99
// dollars.
//
// # Retries
//
// A call is sent again when it could not be answered and sending it again is safe:
// after a lost connection or a timeout, 429, 502, 503 and 504, and while another
// operation on the same object runs (409 idempotency_key_in_use, payment_busy). Each
// call that creates something carries an Idempotency-Key of its own through all its
// tries, so that it takes effect once. What carries no key and is no read or delete,
// such as revoking an API key, is sent again after 429 only. Other refusals are never repeated.
//
// # Errors
//
// Every error of a call is an [*Error]. Its family is found with [errors.Is]:
//
//	switch {
//	case errors.Is(err, florin.ErrRefused): // declined: see DeclineCode and Advice
//	case errors.Is(err, florin.ErrNetwork): // not known whether it took effect
//	}
//
// # Webhooks
//
// [VerifyWebhook] says whether a delivery is the platform's, and gives its event.
//
// # Answers of newer platforms
//
// Words that this version does not know come through in the types of words; members
// that it does not know are kept in Extra.
//
// The types and the methods of the services are generated from the contract.
package florin
