// Package job is durable later-work: a row says what is to be done, to what
// object, and when. It is written in the same commit as its cause, so a crash
// cannot forget it, and its id follows from kind and object, so the flow that
// makes it unnecessary can delete it in the same commit.
//
// A [Runner] leases jobs that are due and calls the handler of their kind.
// Handlers must be safe to run again: a lease that ends before its handler does
// (a dead process, a slow rail) lets another node take the job.
package job
