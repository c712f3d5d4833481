package sandbox

import (
	"bufio"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// book is the rail's memory: an append-only file of records and an index of
// references. Positions count from 1. Not for concurrent use.
type book struct {
	file   *os.File
	count  uint32
	seed   maphash.Seed
	index  map[uint64]uint32 // hash of a reference, probed linearly → its newest position
	latest map[uint32]uint32 // authorization → the newest record about it, where that is not itself
}

// ErrBookOpen: another process serves a rail from the same folder.
var ErrBookOpen = errors.New("sandbox: the rail's book is in use by another process")

// openBook opens the book in dir, which it makes if needed. The rest of a record
// that was being written when the process died was never answered: it is cut off.
// Error: ErrBookOpen.
func openBook(dir string) (*book, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(dir, "rail.book"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lock(file); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", file.Name(), err), file.Close())
	}
	b := &book{file: file, seed: maphash.MakeSeed(), latest: map[uint32]uint32{}}
	if err := b.replay(); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", file.Name(), err), file.Close())
	}
	return b, nil
}

func (b *book) replay() error {
	info, err := b.file.Stat()
	if err != nil {
		return err
	}
	b.index = make(map[uint64]uint32, info.Size()/recordLen)
	in := bufio.NewReaderSize(b.file, 1<<20)
	var raw [recordLen]byte
	for {
		_, err := io.ReadFull(in, raw[:])
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return b.file.Truncate(b.size())
		}
		if err != nil {
			return err
		}
		r, err := decodeRecord(raw[:])
		if err != nil {
			return err
		}
		if err := b.remember(r); err != nil {
			return err
		}
	}
}

func (b *book) size() int64 { return int64(b.count) * recordLen }

// add writes r and gives its position. After an error nothing of r is in the book.
func (b *book) add(r record) (uint32, error) {
	raw := r.encode()
	if _, err := b.file.WriteAt(raw[:], b.size()); err != nil {
		return 0, errors.Join(err, b.file.Truncate(b.size()))
	}
	err := b.remember(r)
	return b.count, err
}

// promise is add for what must hold whatever happens to the machine: that something will
// never be done. It waits for the disk, which operations do not.
func (b *book) promise(r record) (uint32, error) {
	position, err := b.add(r)
	if err == nil {
		err = b.file.Sync()
	}
	return position, err
}

// remember counts r, which stands at the end of the file, and indexes it.
func (b *book) remember(r record) error {
	slot, _, err := b.slot(r.Reference)
	if err != nil {
		return err
	}
	b.count++
	b.index[slot] = b.count
	if r.Root != 0 && r.Outcome == approved {
		b.latest[r.Root] = b.count
	}
	return nil
}

// slot is where in the index a reference is, or would be.
func (b *book) slot(reference string) (slot uint64, at uint32, err error) {
	for slot = maphash.String(b.seed, reference); ; slot++ {
		at, taken := b.index[slot]
		if !taken {
			return slot, 0, nil
		}
		r, err := b.at(at)
		if err != nil || r.Reference == reference {
			return slot, at, err
		}
	}
}

// find gives the newest record of a reference and its position, 0 if there is none.
func (b *book) find(reference string) (record, uint32, error) {
	_, at, err := b.slot(reference)
	if err != nil || at == 0 {
		return record{}, 0, err
	}
	r, err := b.at(at)
	return r, at, err
}

// at reads the record at a position.
func (b *book) at(position uint32) (record, error) {
	var raw [recordLen]byte
	if _, err := b.file.ReadAt(raw[:], int64(position-1)*recordLen); err != nil {
		return record{}, err
	}
	return decodeRecord(raw[:])
}

// root gives the position of the authorization that name stands for: the
// client's reference or the rail's, of the authorization or of an operation on
// it. 0 if there is none.
func (b *book) root(name string) (uint32, error) {
	r, position, err := b.find(name)
	if err == nil && position == 0 {
		if position = positionOf(name); position == 0 || position > b.count {
			return 0, nil
		}
		r, err = b.at(position)
	}
	if r.Root != 0 {
		position = r.Root
	}
	return position, err
}

// totals gives the newest record that tells what has been done to the
// authorization at root.
func (b *book) totals(root uint32) (record, error) {
	if at, ok := b.latest[root]; ok {
		return b.at(at)
	}
	return b.at(root)
}

// railReference is the rail's own name for the operation at a position.
func railReference(position uint32) string { return fmt.Sprintf("R%012d", position) }

func positionOf(railReference string) uint32 {
	digits, ok := strings.CutPrefix(railReference, "R")
	if !ok || len(digits) != 12 {
		return 0
	}
	n, err := strconv.ParseUint(digits, 10, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}
