// Package ledger is double entry and nothing else: accounts, transfers between
// them, holds, and a hash chain over all of it.
//
// Words: a transfer takes its amount from the debit account and gives it to the
// credit account. A balance is credits less debits, so what the platform owes is
// positive and what it is owed is negative; all balances of a currency sum to
// zero. A hold sets an amount aside (held out of one account, held in for the
// other) until it is posted, in parts if need be, or voided, or expires.
//
// Invariants, checked by [Book.Verify]:
//
//   - transfers are numbered 1, 2, 3 … and never changed; a correction is a new one;
//   - each transfer's hash covers its content and the hash before it;
//   - each transfer records both balances after it, and they follow from the ones before;
//   - an account's row equals what its transfers add up to;
//   - posted - held_out >= floor and posted + held_in <= ceiling, decided in the
//     commit that moves the money, and both fit 64 bits: what was set aside can be posted.
//
// [Apply] takes linked steps that succeed or fail together. Accounts open on first
// use: their id is derived from owner, purpose, currency and mode.
package ledger
