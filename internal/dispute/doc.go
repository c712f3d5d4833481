// Package dispute handles payments that payers contest at their bank.
//
// A rail announces a dispute; a job opens it: the contested amount is held out of
// the merchant's balance, and refunds of the payment wait. The merchant accepts
// (the money goes back), contests with evidence (the bank decides), or lets the
// time run out. Stage and state follow the card networks' words.
package dispute
