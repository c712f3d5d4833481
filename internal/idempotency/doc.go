// Package idempotency makes a retry harmless. The record of a key is written in
// the same commit as the effect of the request that brought it, so the two can
// never disagree after a crash.
//
// A flow uses it in this order, inside its write:
//
//	if err := once.Check(tx); err != nil { return err } // first time: nil
//	…
//	once.Finish(tx, sequence, now)                      // or Refuse, or Begin and later Finish
//
// Check answers a retry with an error that the door understands: [Replay]
// (finished: here is the answer), [Running] (begun and not finished: drive it on),
// or a fault. A nil *Key is a request without a key; every method then does nothing.
package idempotency
