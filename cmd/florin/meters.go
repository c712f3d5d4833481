package main

import (
	"context"
	"net/http"
	"net/http/pprof"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/florinpay/florin/internal/api"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/job"
)

// meters are the platform's measurements, served beside pprof on the operator's port.
type meters struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
}

// commits collects from the committer, which is opened before the meters are.
type commits struct {
	writes prometheus.Histogram
	took   prometheus.Histogram
	failed prometheus.Counter
}

var latencies = []float64{.0005, .001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 5, 20}

func newCommits() *commits {
	return &commits{
		writes: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "florin_commit_writes", Help: "Writes that shared one commit.", Buckets: prometheus.ExponentialBuckets(1, 2, 10)}),
		took:   prometheus.NewHistogram(prometheus.HistogramOpts{Name: "florin_commit_seconds", Help: "Time from the first lock to durable.", Buckets: latencies}),
		failed: prometheus.NewCounter(prometheus.CounterOpts{Name: "florin_commit_failures_total", Help: "Commits that failed as a whole."}),
	}
}

// current is the process's commit meters: the database is opened with it.
var current = newCommits()

func observe(c db.Commit) {
	current.writes.Observe(float64(c.Writes))
	current.took.Observe(c.Took.Seconds())
	if c.Failed {
		current.failed.Inc()
	}
}

func newMeters(h *house) *meters {
	m := &meters{registry: prometheus.NewRegistry(), requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "florin_request_seconds", Help: "Time of a request, by method, route and status.", Buckets: latencies,
	}, []string{"method", "route", "status"})}
	m.registry.MustRegister(m.requests, current.writes, current.took, current.failed,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	gauge := func(name, help string, read func(context.Context) (int64, error)) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, slowly(read)))
	}
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "florin_writes_waiting", Help: "Writes that wait for a commit.",
	}, func() float64 { return float64(h.db.Waiting()) }))
	gauge("florin_jobs_due", "Jobs that are due and not done.", func(ctx context.Context) (int64, error) {
		return job.Waiting(ctx, h.db, h.clock.Now())
	})
	gauge("florin_attempts_open", "Attempts at a rail that have no known outcome yet.", h.payments.Unsettled)
	return m
}

// slowly reads a gauge that costs a query at most once in five seconds.
func slowly(read func(context.Context) (int64, error)) func() float64 {
	var value, at atomic.Int64
	return func() float64 {
		if now := machine.Now().Unix(); now-at.Load() >= 5 {
			at.Store(now)
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			if n, err := read(ctx); err == nil {
				value.Store(n)
			}
		}
		return float64(value.Load())
	}
}

func (m *meters) visited(v api.Visit) {
	route := v.Route
	if route == "" {
		route = "none"
	}
	m.requests.WithLabelValues(v.Verb, route, strconv.Itoa(v.Status)).Observe(v.Took.Seconds())
}

// handler serves /metrics and /debug/pprof. It belongs on a loopback port.
func (m *meters) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}
