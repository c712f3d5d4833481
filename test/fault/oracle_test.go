package fault

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// deed is what an intent wants done.
type deed string

const (
	pay     deed = "pay"
	capture deed = "capture"
	refund  deed = "refund"
)

// intent is a request as it is recorded before it is sent. Its key is also the
// payment's reference, or the refund's metadata "key".
type intent struct {
	Key    string          `json:"key"`
	Deed   deed            `json:"deed"`
	Path   string          `json:"path"`
	Body   json.RawMessage `json:"body"`
	Amount int64           `json:"amount"`
	Source string          `json:"source,omitempty"` // of a payment
	Target string          `json:"target,omitempty"` // the payment that is captured or refunded
}

// ack is an answer as it is recorded after it has come.
type ack struct {
	Key    string `json:"key"`
	Status int    `json:"status"`
	Object string `json:"object"` // the payment or refund
	State  string `json:"state"`  // its status
	Code   string `json:"code,omitempty"`
}

func ackOf(key string, a answer) ack {
	v := a.shown()
	k := ack{Key: key, Status: a.status, Object: v.ID, State: v.state(), Code: v.Code}
	if v.ID == "" {
		k.Object = v.Object
	}
	return k
}

// definite reports whether the answer is the request's last word. One that says
// processing or pending will change; a refusal for the time being may be retried.
func (k ack) definite() bool {
	switch k.Status {
	case http.StatusOK:
		return k.State != "processing" && k.State != "pending"
	case http.StatusConflict:
		return k.Code != "payment_busy" && k.Code != "idempotency_key_in_use"
	}
	return k.Status < 500 && k.Status != http.StatusTooManyRequests
}

// acknowledged reports whether the answer promises an effect.
func (k ack) acknowledged() bool {
	return k.Status == http.StatusOK || k.Status == http.StatusPaymentRequired
}

// record is one line of the oracle's file.
type record struct {
	Intent *intent `json:"intent,omitempty"`
	Ack    *ack    `json:"ack,omitempty"`
}

// oracle remembers what was asked and answered, in a file of its own outside the
// server's data: an intent is durable there before it is sent, an answer before
// anybody acts on it. The verdict reads the file, not the memory.
type oracle struct {
	mu   sync.Mutex
	file *os.File
}

func newOracle(t testing.TB) *oracle {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "oracle"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return &oracle{file: file}
}

func (o *oracle) keep(r record) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, err := o.file.Write(append(line, '\n')); err != nil {
		return err
	}
	return o.file.Sync()
}

func (o *oracle) records() (all []record, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	text, err := os.ReadFile(o.file.Name())
	if err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		var r record
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, fmt.Errorf("the oracle's record: %w", err)
		}
		all = append(all, r)
	}
	return all, lines.Err()
}

// story is one intent and all the answers to it.
type story struct {
	intent
	acks []ack
}

// last is the definite answer, or the newest there is.
func (s *story) last() (k ack, any bool) {
	for _, k := range s.acks {
		if k.definite() {
			return k, true
		}
	}
	if len(s.acks) == 0 {
		return ack{}, false
	}
	return s.acks[len(s.acks)-1], true
}

// stories sorts the record by key.
func stories(all []record) map[string]*story {
	byKey := map[string]*story{}
	for _, r := range all {
		switch {
		case r.Intent != nil:
			if byKey[r.Intent.Key] == nil {
				byKey[r.Intent.Key] = &story{intent: *r.Intent}
			}
		case byKey[r.Ack.Key] != nil:
			s := byKey[r.Ack.Key]
			s.acks = append(s.acks, *r.Ack)
		}
	}
	return byKey
}
