package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// client calls the API as a merchant's program would.
type client struct {
	url, key string
	http     *http.Client
}

// newClient trusts the machine's certificates, or those in a file.
func newClient(url, key, caFile string) (*client, error) {
	h, err := trusting(caFile)
	return &client{url, key, h}, err
}

// answer is what the API said.
type answer struct {
	status   int
	body     string
	replayed bool
	took     time.Duration
}

func newKey() string { return "demo-" + rand.Text() }

func (c *client) post(ctx context.Context, path, key string, body any) answer {
	data, err := json.Marshal(body)
	if err != nil {
		return answer{body: err.Error()}
	}
	return c.do(ctx, http.MethodPost, path, key, data)
}

func (c *client) get(ctx context.Context, path string) answer {
	return c.do(ctx, http.MethodGet, path, "", nil)
}

func (c *client) do(ctx context.Context, method, path, key string, body []byte) answer {
	r, err := http.NewRequestWithContext(ctx, method, c.url+path, bytes.NewReader(body))
	if err != nil {
		return answer{body: err.Error()}
	}
	r.Header.Set("Authorization", "Bearer "+c.key)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", key)
	}
	began := machine.Now()
	response, err := c.http.Do(r)
	if err != nil {
		return answer{body: err.Error()}
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{body: err.Error()}
	}
	return answer{response.StatusCode, string(text), response.Header.Get("Idempotent-Replayed") == "true", machine.Now().Sub(began)}
}

func (a answer) into(v any) error {
	if a.status != http.StatusOK {
		return fmt.Errorf("HTTP %d: %s", a.status, a.body)
	}
	return json.Unmarshal([]byte(a.body), v)
}

// shownPayment is what the story shows of a payment.
type shownPayment struct {
	ID         string `json:"id"`
	Status     string `json:"status"`
	Amount     int64  `json:"amount"`
	Captured   int64  `json:"amount_captured"`
	Capturable int64  `json:"amount_capturable"`
	Fee        int64  `json:"fee"`
}

func (a answer) payment() (p shownPayment) {
	_ = a.into(&p) // what is not a payment shows as an empty one, and the step does not hold
	return p
}

type shownRefund struct {
	ID          string `json:"id"`
	Status      string `json:"status"`
	Amount      int64  `json:"amount"`
	FeeReturned int64  `json:"fee_returned"`
}

func (a answer) refund() (r shownRefund) {
	_ = a.into(&r)
	return r
}

type shownProblem struct {
	Code        string `json:"code"`
	DeclineCode string `json:"decline_code"`
	Advice      string `json:"advice"`
	Object      string `json:"object_id"`
}

func (a answer) problem() (p shownProblem) {
	_ = json.Unmarshal([]byte(a.body), &p)
	return p
}
