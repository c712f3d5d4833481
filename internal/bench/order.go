package bench

import (
	"crypto/sha256"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/id"
)

const orderBytesMax = 64 << 10

// order is one payment on its way through a ceiling: the least of what the product
// reads, keeps and answers.
type order struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
	Source   string `json:"source"`

	key         string
	fingerprint [sha256.Size]byte
	receipt     []byte // the answer if it succeeds
	event       []byte // what is kept

	status int
	answer []byte
	done   chan struct{}
}

type receipt struct {
	ID        id.Payment `json:"id"`
	Object    string     `json:"object"`
	Amount    int64      `json:"amount"`
	Currency  string     `json:"currency"`
	Status    string     `json:"status"`
	Captured  int64      `json:"amount_captured"`
	Source    string     `json:"source"`
	Merchant  string     `json:"merchant"`
	CreatedAt time.Time  `json:"created_at"`
}

type happening struct {
	ID        id.Event  `json:"id"`
	Type      string    `json:"type"`
	CreatedAt time.Time `json:"created_at"`
	Data      receipt   `json:"data"`
	Key       string    `json:"idempotency_key"`
}

// ceilingMerchant is paid by every order.
const ceilingMerchant = "mer_ceiling"

func takeOrder(c ceiling) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, orderBytesMax))
		if err != nil {
			http.Error(w, "the body cannot be read", http.StatusBadRequest)
			return
		}
		o := &order{key: r.Header.Get("Idempotency-Key")}
		if json.Unmarshal(raw, o) != nil || !o.valid() {
			http.Error(w, "amount, currency, source and an Idempotency-Key are needed", http.StatusBadRequest)
			return
		}
		if err := o.write(raw); err != nil {
			http.Error(w, "the payment cannot be written", http.StatusInternalServerError)
			return
		}
		c.keep(o)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(o.status)
		_, _ = w.Write(o.answer) // a caller that has gone is no matter of ours
	}
}

func (o *order) valid() bool {
	return o.Amount > 0 && len(o.Currency) == 3 && o.Source != "" && o.Source != ceilingMerchant && o.key != ""
}

// write makes the answer and the event beforehand, so that the single writer has
// nothing to do but decide and append.
func (o *order) write(raw []byte) (err error) {
	o.fingerprint = sha256.Sum256(raw)
	now := clock.System{}.Now()
	paid := receipt{
		ID: id.New[id.Payment](now), Object: "payment", Amount: o.Amount, Currency: o.Currency, Status: "succeeded",
		Captured: o.Amount, Source: o.Source, Merchant: ceilingMerchant, CreatedAt: now,
	}
	if o.receipt, err = json.Marshal(&paid); err != nil {
		return err
	}
	o.event, err = json.Marshal(&happening{id.New[id.Event](now), "payment.succeeded", now, paid, o.key})
	return err
}

func (o *order) refuse(status int, code string) {
	o.status, o.answer = status, []byte(`{"code":"`+code+`"}`)
}
