package fault

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"
)

// api calls a server as a merchant's client would, and never retries by itself.
type api struct {
	world world
	http  *http.Client
}

func newAPI(w world) *api {
	return &api{w, &http.Client{
		Timeout:   time.Minute,
		Transport: &http.Transport{MaxIdleConnsPerHost: 256, IdleConnTimeout: time.Minute},
	}}
}

// answer is what the server said.
type answer struct {
	status   int
	body     []byte
	replayed bool
}

// shown has the members of all that a payment, a refund or a problem may answer.
type shown struct {
	ID       string            `json:"id"`
	Status   json.RawMessage   `json:"status"` // a word, or a problem's number
	Amount   int64             `json:"amount"`
	Captured int64             `json:"amount_captured"`
	Refunded int64             `json:"amount_refunded"`
	Fee      int64             `json:"fee"`
	Source   string            `json:"source"`
	Ref      string            `json:"reference"`
	Payment  string            `json:"payment"`
	Metadata map[string]string `json:"metadata"`
	Balance  int64             `json:"balance"`
	Code     string            `json:"code"`
	Decline  string            `json:"decline_code"`
	Object   string            `json:"object_id"`
}

func (v shown) state() (word string) {
	_ = json.Unmarshal(v.Status, &word) // a number is no state
	return word
}

func (a answer) shown() (v shown) {
	_ = json.Unmarshal(a.body, &v) // what is no object has no members
	return v
}

func (a answer) String() string { return fmt.Sprintf("HTTP %d %s", a.status, bytes.TrimSpace(a.body)) }

// do sends one request. An error means that its outcome is not known.
func (c *api) do(method, path, key string, body []byte) (answer, error) {
	r, err := http.NewRequest(method, c.world.URL+path, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("Authorization", "Bearer "+c.world.Key)
	if body != nil {
		r.GetBody = nil // so that the transport does not send it again on a lost connection
		r.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	response, err := c.http.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, err
	}
	return answer{response.StatusCode, text, response.Header.Get("Idempotent-Replayed") == "true"}, nil
}

func (c *api) post(path, key string, body any) (answer, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return answer{}, err
	}
	return c.do(http.MethodPost, path, key, text)
}

func (c *api) pay(key, source string, amount int64) (answer, error) {
	return c.post("/v1/payments", key, map[string]any{"amount": amount, "currency": "USD", "source": source, "reference": key})
}

// get reads path into v.
func (c *api) get(path string, v any) error {
	a, err := c.do(http.MethodGet, path, "", nil)
	if err != nil {
		return err
	}
	if a.status != http.StatusOK {
		return fmt.Errorf("GET %s: %s", path, a)
	}
	return json.Unmarshal(a.body, v)
}

// mustPost is a request of a test's setting, which must succeed.
func (c *api) mustPost(t testing.TB, path, key string, body any) shown {
	t.Helper()
	a, err := c.post(path, key, body)
	if err != nil || a.status != http.StatusOK {
		t.Fatalf("POST %s: %v %s", path, err, a)
	}
	return a.shown()
}

// wallet makes a wallet with funds.
func (c *api) wallet(t testing.TB, funds int64) string {
	t.Helper()
	w := c.mustPost(t, "/v1/wallets", "", map[string]any{"payer": c.world.Payer, "currency": "USD"})
	c.mustPost(t, "/v1/wallets/"+w.ID+"/top_up", "", map[string]any{"amount": funds, "source": "tok_visa"})
	return w.ID
}

func (c *api) balance(t testing.TB, wallet string) int64 {
	t.Helper()
	var v shown
	if err := c.get("/v1/wallets/"+wallet, &v); err != nil {
		t.Fatal(err)
	}
	return v.Balance
}

func (c *api) payment(t testing.TB, id string) (v shown) {
	t.Helper()
	if err := c.get("/v1/payments/"+id, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// list reads every page of a list, newest first.
func list[T any](c *api, path string, id func(T) string) (all []T, err error) {
	for after := ""; ; {
		var page struct {
			Data []T  `json:"data"`
			More bool `json:"has_more"`
		}
		if err := c.get(path+"?limit=100"+after, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Data...)
		if !page.More {
			return all, nil
		}
		after = "&starting_after=" + id(all[len(all)-1])
	}
}
