//go:build !linux

package db

// begin does nothing where the kernel cannot be asked: payments then wait longer
// behind checkpoints.
func (w *writeback) begin() {}
