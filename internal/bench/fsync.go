package bench

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"
)

const (
	syncSamples = 201
	syncBytes   = 512 // of one append, about a payment's event
)

// FsyncMedian measures the median time of one small append and its fdatasync onto
// a preallocated file in dir: what the log ceiling pays for each batch, and what a
// lonely payment cannot undercut. It takes about 201 times as long, and needs
// 1 MiB, which it gives back.
func FsyncMedian(dir string) (time.Duration, error) {
	file, err := preallocate(filepath.Join(dir, "fsync.probe"), 1<<20)
	if err != nil {
		return 0, err
	}
	record := make([]byte, syncBytes)
	samples := make([]time.Duration, syncSamples)
	for i := range samples {
		record[0] = byte(i) // so that each one differs from what is there
		start := time.Now()
		if _, err = file.WriteAt(record, int64(i)*syncBytes); err == nil {
			err = fdatasync(file)
		}
		if err != nil {
			return 0, errors.Join(fmt.Errorf("bench: the probe cannot be synced: %w", err), discard(file))
		}
		samples[i] = time.Since(start)
	}
	slices.Sort(samples)
	return samples[syncSamples/2], discard(file)
}
