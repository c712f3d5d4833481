// Package grant keeps what payers have allowed clients, and how much of it is spent.
//
// A grant is made by a payer's consent. It names a client, scopes, and limits: for each
// payee and currency how much may be paid at once and in each period. A token carries
// the grant's id only, so lowering and revoking work on tokens that are already out.
//
//	grant.go      the grant and its states: active → revoked; expired follows from time
//	interval.go   ISO 8601 repeating intervals, and the period that an instant is in
//	limit.go      a limit and what is spent of it
//	spend.go      counts a payment against a limit, in the payment's own commit
//	create.go     makes a grant; revoke.go ends it; store.go reads
//
// Invariants: what is spent in a period never passes its limit, whoever races, because
// the limit's row is locked by the commit that moves the money; a revoked or expired grant
// pays nothing; refunds give no room back.
//
// Sources: RFC 9396 (authorization_details), ISO 8601-1 §5.6 (repeating intervals).
package grant
