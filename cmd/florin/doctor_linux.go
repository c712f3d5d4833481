package main

import (
	"context"
	"fmt"
	"syscall"
)

const (
	clockUnsynced   = 0x40      // STA_UNSYNC, adjtimex(2)
	clockOffsetMax  = 1_000_000 // µs: above it tokens and signatures of others are refused, or theirs of us
	clockErrorState = 5         // TIME_ERROR
)

// clockSource tells whether something keeps the machine's clock right.
func clockSource(context.Context) []finding {
	var t syscall.Timex
	state, err := syscall.Adjtimex(&t)
	if err != nil {
		return []finding{{"clock", "the kernel does not tell: " + err.Error(), ""}}
	}
	const cure = "Run a time service, such as chrony or systemd-timesyncd: payments are dated by this clock."
	switch {
	case state == clockErrorState || t.Status&clockUnsynced != 0:
		return []finding{{"clock", "nothing keeps it right", cure}}
	case t.Maxerror > clockOffsetMax:
		return []finding{{"clock", fmt.Sprintf("may be wrong by %d ms", t.Maxerror/1000), cure}}
	}
	return []finding{{"clock", fmt.Sprintf("is right within %d ms", t.Maxerror/1000), ""}}
}
