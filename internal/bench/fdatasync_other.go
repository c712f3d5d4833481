//go:build !linux

package bench

import "os"

// fdatasync is a whole fsync where the system has nothing less.
func fdatasync(file *os.File) error { return file.Sync() }
