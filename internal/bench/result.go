package bench

import (
	"slices"
	"time"
)

// Result is what one run gave in its measured time, and the failures of what was
// still in flight at its end.
type Result struct {
	OK        int64   // answered with 2xx
	Failed    int64   // answered with anything else, or not at all
	PerSecond float64 // OK by the measured time
	Elapsed   time.Duration

	P50, P90, P99, P999, Max time.Duration // of all answers, within 0.8 %

	Status       map[int]int64 // answers by HTTP status; 0: no answer
	Replays      int64         // compared ones
	Mismatches   int64         // replays whose status or body differed from the first answer
	FirstFailure string        // status and beginning of the body, or the connection's error

	CPU     map[string]time.Duration // processor time by name of process tree, and [ProcessLoad]
	Memory  map[string]Memory        // at the end of the run, of each tree's root
	Mallocs uint64                   // allocations of the server; 0: not known
}

// Requests is the number that CPU and Mallocs are shared among.
func (r Result) Requests() int64 { return r.OK + r.Failed }

// Median gives the run with the median throughput, of an even number the lower
// one; the zero Result if there are none.
func Median(runs []Result) Result {
	if len(runs) == 0 {
		return Result{}
	}
	sorted := slices.Clone(runs)
	slices.SortStableFunc(sorted, func(a, b Result) int {
		switch {
		case a.PerSecond < b.PerSecond:
			return -1
		case a.PerSecond > b.PerSecond:
			return 1
		}
		return 0
	})
	return sorted[(len(sorted)-1)/2]
}

// tally is what one connection counts.
type tally struct {
	latency      histogram
	status       map[int]int64
	ok, failed   int64
	replays      int64
	mismatches   int64
	firstFailure string
}

func (t *tally) add(status int, good bool, took time.Duration) {
	t.latency.add(took)
	t.status[status]++
	if good {
		t.ok++
	} else {
		t.failed++
	}
}

func (t *tally) replayed(same bool) {
	t.replays++
	if !same {
		t.mismatches++
	}
}

func (t *tally) explain(failure string) {
	if t.firstFailure == "" {
		t.firstFailure = failure
	}
}

func collect(workers []*worker, spent reading) Result {
	r := Result{Status: map[int]int64{}, Elapsed: spent.elapsed, CPU: spent.cpu, Memory: spent.memory, Mallocs: spent.mallocs}
	var latency histogram
	for _, w := range workers {
		t := &w.tally
		latency.merge(&t.latency)
		r.OK += t.ok
		r.Failed += t.failed
		r.Replays += t.replays
		r.Mismatches += t.mismatches
		for status, n := range t.status {
			r.Status[status] += n
		}
		if r.FirstFailure == "" {
			r.FirstFailure = t.firstFailure
		}
	}
	if s := spent.elapsed.Seconds(); s > 0 {
		r.PerSecond = float64(r.OK) / s
	}
	r.P50, r.P90 = latency.quantile(.5), latency.quantile(.9)
	r.P99, r.P999 = latency.quantile(.99), latency.quantile(.999)
	r.Max = latency.max
	return r
}
