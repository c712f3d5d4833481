package bench

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
)

const (
	journalBytes  = 128 << 20 // then it starts again from its head
	blockBytes    = 16 << 10  // preallocated in writes of this size: such a file syncs twice as fast as a growing one
	batchMax      = 512
	queueMax      = 4096
	rememberedMax = 250_000        // keys in each of two generations
	openingMinor  = int64(1) << 50 // of every source
)

// journal is the log ceiling: one goroutine decides each batch on balances in
// memory, appends it, syncs once, and only then answers. A batch is simply what
// waits when the writer becomes free.
type journal struct {
	file     *os.File
	at       int64
	balances map[string]int64
	recent   keyring
	text     []byte

	queue  chan *order
	quit   chan struct{}
	failed chan error
	ended  chan struct{} // the writer has returned
}

func openJournal(dir string) (*journal, error) {
	file, err := preallocate(filepath.Join(dir, "ceiling.log"), journalBytes)
	if err != nil {
		return nil, err
	}
	j := &journal{
		file: file, balances: map[string]int64{},
		queue: make(chan *order, queueMax), quit: make(chan struct{}), failed: make(chan error, 1), ended: make(chan struct{}),
	}
	go j.write()
	return j, nil
}

// preallocate makes a file of n bytes, synced, to be overwritten.
func preallocate(path string, n int64) (file *os.File, err error) {
	file, err = os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("bench: the log cannot be made: %w", err)
	}
	block := make([]byte, blockBytes)
	for done := int64(0); done < n && err == nil; done += blockBytes {
		_, err = file.Write(block)
	}
	if err == nil {
		err = file.Sync()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("bench: the log cannot be preallocated: %w", err), discard(file))
	}
	return file, nil
}

func discard(file *os.File) error { return errors.Join(file.Close(), os.Remove(file.Name())) }

func (j *journal) broken() <-chan error { return j.failed }

func (j *journal) keep(o *order) {
	o.done = make(chan struct{})
	select {
	case j.queue <- o:
	case <-j.quit:
	}
	select {
	case <-o.done:
	case <-j.ended:
		o.refuse(http.StatusServiceUnavailable, "closing")
	}
}

// close stops the writer after what is queued.
func (j *journal) close() error {
	close(j.quit)
	<-j.ended
	return discard(j.file)
}

func (j *journal) write() {
	defer close(j.ended)
	batch := make([]*order, 0, batchMax)
	for {
		select {
		case o := <-j.queue:
			batch = j.gather(append(batch[:0], o))
		case <-j.quit:
			if batch = j.gather(batch[:0]); len(batch) == 0 {
				return
			}
		}
		if err := j.commit(batch); err != nil {
			for _, o := range batch {
				o.refuse(http.StatusInternalServerError, "not_committed")
			}
			select {
			case j.failed <- err:
			default: // the first one ends the server already
			}
		}
		for _, o := range batch {
			close(o.done)
		}
	}
}

func (j *journal) gather(batch []*order) []*order {
	for len(batch) < batchMax {
		select {
		case o := <-j.queue:
			batch = append(batch, o)
		default:
			return batch
		}
	}
	return batch
}

func (j *journal) commit(batch []*order) error {
	j.text = j.text[:0]
	for _, o := range batch {
		j.decide(o)
	}
	if len(j.text) == 0 {
		return nil // retries and refusals only
	}
	if j.at+int64(len(j.text)) > journalBytes {
		j.at = 0
	}
	if _, err := j.file.WriteAt(j.text, j.at); err != nil {
		return fmt.Errorf("bench: the log cannot be written: %w", err)
	}
	j.at += int64(len(j.text))
	if err := fdatasync(j.file); err != nil {
		return fmt.Errorf("bench: the log cannot be synced: %w", err)
	}
	return nil
}

func (j *journal) decide(o *order) {
	if before, ok := j.recent.find(o.key); ok {
		if before.fingerprint != o.fingerprint {
			o.refuse(http.StatusUnprocessableEntity, "idempotency_key_reused")
			return
		}
		o.status, o.answer = before.status, before.answer
		return
	}
	balance, ok := j.balances[o.Source]
	if !ok {
		balance = openingMinor
	}
	if balance < o.Amount {
		o.refuse(http.StatusPaymentRequired, "insufficient_funds")
	} else {
		j.balances[o.Source] = balance - o.Amount
		j.balances[ceilingMerchant] += o.Amount
		o.status, o.answer = http.StatusOK, o.receipt
		j.text = append(j.text, o.event...)
		j.text = append(j.text, o.fingerprint[:]...)
		j.text = append(j.text, '\n')
	}
	j.recent.remember(o.key, outcome{o.fingerprint, o.status, o.answer})
}

// outcome is what a retry gets.
type outcome struct {
	fingerprint [sha256.Size]byte
	status      int
	answer      []byte
}

// keyring remembers the newest keys in bounded memory: when a generation is full,
// the one before it is forgotten.
type keyring struct{ young, old map[string]outcome }

func (k *keyring) find(key string) (outcome, bool) {
	if o, ok := k.young[key]; ok {
		return o, true
	}
	o, ok := k.old[key]
	return o, ok
}

func (k *keyring) remember(key string, o outcome) {
	if k.young == nil || len(k.young) >= rememberedMax {
		k.young, k.old = make(map[string]outcome), k.young
	}
	k.young[key] = o
}
