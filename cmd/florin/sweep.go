package main

import (
	"context"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/idempotency"
	"github.com/florinpay/florin/internal/job"
)

// jobSweep forgets old idempotency keys and deliveries; there is one job of it.
const jobSweep job.Kind = "idempotency.sweep"

const (
	sweepEvery   = time.Hour
	sweepBatch   = 500
	sweepBatches = 20 // of one turn: the node's other jobs wait for its end
)

func (h *house) sweep(ctx context.Context, _ job.Job) (time.Time, error) {
	for range sweepBatches {
		keys, err := idempotency.Sweep(ctx, h.db, h.clock.Now(), sweepBatch)
		if err != nil {
			return h.clock.Now().Add(sweepEvery), err
		}
		deliveries, err := h.webhooks.Sweep(ctx, sweepBatch) // how many it takes at once depends on their attempts
		if err != nil || keys < sweepBatch && deliveries == 0 {
			return h.clock.Now().Add(sweepEvery), err
		}
	}
	return h.clock.Now(), nil // more is left
}

// scheduleSweep makes sure that the job exists.
func (h *house) scheduleSweep(ctx context.Context) error {
	return h.db.Write(ctx, []db.Lock{job.Lock(jobSweep, "all")}, func(tx *db.Tx) error {
		job.Add(tx, jobSweep, "all", h.clock.Now(), h.clock.Now().Add(sweepEvery))
		return nil
	})
}
