// Package payer keeps the people who pay a merchant: a name, an e-mail address,
// the merchant's own reference and metadata. A payer belongs to one merchant in
// one mode; to anybody else it does not exist. Payers do not change.
package payer
