// Package wallet is the payer's side: a balance in one currency, with limits per
// payment and per day, that pays merchants and other payers.
//
// The money is in the ledger account that the wallet's id names ([Wallet.Account]);
// this package keeps whose it is and what may be spent. Limits are decided in the
// commit that moves the money ([Spend]).
package wallet
