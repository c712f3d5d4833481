package db

import "syscall"

const syncFileRangeWrite = 2 // SYNC_FILE_RANGE_WRITE, sync_file_range(2)

// begin starts writing all that is dirty in the file. It promises nothing about
// durability, which SQLite's own syncs see to, so its failure is none.
func (w *writeback) begin() {
	_ = syscall.SyncFileRange(int(w.file.Fd()), 0, 0, syncFileRangeWrite)
}
