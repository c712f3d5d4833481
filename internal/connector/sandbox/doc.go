// Package sandbox is a rail to build against: an acquirer that is simulated but
// real on the wire. [ServeRail] is its side, a TCP server with its own state in
// its own file; [Client] is ours, a [connector.Connector] like any other.
//
// Cards that do something else than approve ([Cards] has the same as data). Any
// other valid number approves. An expiry in the past is always declined with
// code 54.
//
//	number               token                   what it does
//	4242 4242 4242 4242  tok_visa                approves
//	4111 1111 1111 1111  tok_visa_classic        approves
//	5555 5555 5555 4444  tok_mastercard          approves
//	3782 822463 10005    tok_amex                approves
//	4000 0000 0000 0002  tok_declined            05, generic_decline
//	4000 0000 0000 9995  tok_insufficient_funds  51, insufficient_funds
//	4000 0000 0000 9987  tok_lost_card           41, lost_card
//	4000 0000 0000 9979  tok_stolen_card         43, stolen_card
//	4000 0000 0000 0069  tok_expired_card        54, expired_card
//	4000 0000 0000 0127  tok_incorrect_cvc       82, incorrect_cvc
//	4000 0000 0000 0119  tok_processing_error    96, processing_error
//	4000 0000 0000 3220  tok_authenticate        needs the payer's authentication, then approves
//	4000 0000 0000 0259  tok_disputed            approves; the payer will contest it
//	4000 0000 0000 5126  tok_refund_fails        approves; a refund succeeds, and the money comes back
//	4000 0000 0000 0341  tok_unknown             no answer; approved, as Ask tells after a while
//	4000 0000 0000 0358  tok_lost                no answer; never arrived, as Ask tells at once
//	4000 0000 0000 0366  tok_late                approves, but answers after the client's timeout
//	4000 0000 0000 0374  tok_twice               approves, and answers twice
//	4000 0000 0000 0382  tok_wrong               answers about another amount; in truth 05
//	4000 0000 0000 8583  tok_by_amount           the amount's last two digits are the ISO 8583
//	                                             response code: 1000 approves, 1051 is
//	                                             insufficient_funds
//
// Numbers that Stripe has published keep their published meaning.
//
// # Protocol
//
// Frames in both directions are four bytes of big-endian length, at most
// [FrameMax], and that many bytes of JSON. The client numbers its questions; the
// rail answers in any order with the same number. A repeated reference is
// answered as before and has no second effect; with other content it is declined
// with code 94. A question of the kind abandon about a reference that the rail has
// never seen makes it decline that reference with code 68 from then on. The rail keeps for itself: captured + voided <= authorized,
// refunded <= captured, same currency, no void when nothing is left to void.
//
// # State
//
// The rail writes each operation to rail.book before it answers: one record of
// 128 bytes, one write(2), no fsync, so it survives the death of the process but
// not of the machine, as suits an outside party that never fails with us. Only an
// abandoned reference is fsynced: it is a promise about the future. The
// book holds no card data but the last four digits. In memory there are about 30
// bytes for each operation.
package sandbox
