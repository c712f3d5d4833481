package webhook

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/florinpay/florin/internal/id"
)

// State is what became of a delivery.
type State string

// The states of a delivery.
const (
	Pending   State = "pending"
	Delivered State = "delivered"
	Failed    State = "failed" // tried for as long as anything is
)

// Delivery is one event on its way to one endpoint.
type Delivery struct {
	ID          id.Delivery // from the endpoint and the event: there is one
	Endpoint    id.Endpoint
	Merchant    id.Merchant
	Live        bool
	Sequence    int64 // of the event
	Event       id.Event
	Type        string
	Object      string
	CreatedAt   time.Time // the event
	Status      State
	Tries       int       // since it was sent on its way the last time
	Attempts    int       // in all
	BeganAt     time.Time // the first of these tries
	DueAt       time.Time
	DeliveredAt time.Time
}

// Attempt is one try to deliver.
type Attempt struct {
	Delivery        id.Delivery
	Number          int // from 1
	CreatedAt       time.Time
	StatusCode      int    // 0: there was no answer
	Error, Detail   string // "": it succeeded
	Latency         time.Duration
	Version         string // of the payload
	Thin            bool
	RequestHeaders  string
	ResponseHeaders string
	ResponseBody    string
}

// attemptsKept are kept of one delivery, the last ones.
const attemptsKept = 50

// key is the row's: an attempt takes the place of the one so many before it.
func (a *Attempt) key() string { return attemptKey(a.Delivery, a.Number) }

func attemptKey(d id.Delivery, number int) string {
	return fmt.Sprintf("%s/%02d", d, number%attemptsKept)
}

// attemptKeys are the places in which d's attempts stand.
func (d *Delivery) attemptKeys() []string {
	keys := make([]string, min(d.Attempts, attemptsKept))
	for i := range keys {
		keys[i] = attemptKey(d.ID, i+1)
	}
	return keys
}

// after is when a delivery is tried again after each of its tries: ten in all, over three
// days. Source: Standard Webhooks 1.0, "Reliability".
var after = []time.Duration{
	5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour,
	10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

// TriesMax is how often a delivery is tried.
const TriesMax = 10

const (
	jitter        = 0.1            // of the wait, on top of it
	retryAfterMax = 24 * time.Hour // that an endpoint may ask for
)

// wait is how long after so many tries the next one is due; ok is false after the last.
// An endpoint that asks for more time gets it.
func wait(tries int, asked time.Duration) (d time.Duration, ok bool) {
	if tries > len(after) {
		return 0, false
	}
	d = after[tries-1]
	d += time.Duration(rand.Float64() * jitter * float64(d)) //nolint:gosec // so that not all come at once
	return max(d, min(asked, retryAfterMax)), true
}
