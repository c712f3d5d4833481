//go:build interop

package interop

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/florinpay/florin/test/process"
)

// endpoint is one of the merchant's, as the API shows it.
type endpoint struct {
	ID, Secret string
	PublicKey  string `json:"public_key"`
	Sequence   int64
}

// received is what a receiver found of one delivery: for each of the keys that it trusted
// whether the secret's signature holds, and the public key's; and whether any held of a
// body that was not sent.
type received struct {
	ID               string
	Sequence         int64
	Verifies, Signed []bool
	Forged           []bool
	Answer           int
}

// receiver is a program at an endpoint's URL.
type receiver struct {
	endpoint
	name         string
	keys, report string // its files
}

// newReceiver starts a receiver, and makes an endpoint of its URL.
func newReceiver(t *testing.T, s *process.Process, scripts, name string) *receiver {
	t.Helper()
	dir := t.TempDir()
	r := &receiver{name: name, keys: filepath.Join(dir, "keys"), report: filepath.Join(dir, "report")}
	program := []string{"node", filepath.Join(scripts, name)}
	if filepath.Ext(name) == ".py" {
		program = []string{tool(t, pythonTools, "python"), "-B", filepath.Join(scripts, name)}
	}
	p := process.Launch(t, program[0], dir, []string{"KEYS=" + r.keys, "REPORT=" + r.report}, program[1:]...)
	var at struct{ Port int }
	p.Await(t, func() bool {
		text, err := os.ReadFile(r.report)
		return err == nil && json.Unmarshal(text, &at) == nil
	})
	done(t, s, "/v1/webhook_endpoints", fmt.Sprintf(`{"url":"http://127.0.0.1:%d/"}`, at.Port), &r.endpoint)
	r.trust(t, r.endpoint)
	return r
}

// done asks for something that must be done, and reads the answer.
func done(t *testing.T, s *process.Process, path, body string, into any) {
	t.Helper()
	a := ask(t, s, "POST", path, body)
	if err := json.Unmarshal(a.body, into); err != nil || a.status != http.StatusOK {
		t.Fatalf("%s: %d %v: %s", path, a.status, err, a.body)
	}
}

// trust tells the receiver one more key, from the next delivery on.
func (r *receiver) trust(t *testing.T, e endpoint) {
	t.Helper()
	before, _ := os.ReadFile(r.keys) // none before the first
	line := fmt.Sprintf("%s %s\n", e.Secret, e.PublicKey)
	if err := os.WriteFile(r.keys+".new", append(before, line...), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(r.keys+".new", r.keys); err != nil {
		t.Fatal(err)
	}
}

// deliveries are what the receiver has found.
func (r *receiver) deliveries(t *testing.T) (list []received) {
	t.Helper()
	text, err := os.ReadFile(r.report)
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(string(text), "\n") {
		var d received
		if i > 0 && json.Unmarshal([]byte(line), &d) == nil { // the last one may be half written
			list = append(list, d)
		}
	}
	return list
}

// await waits until every event that is listed has come to the receiver, or has come with
// that answer.
func (r *receiver) await(t *testing.T, s *process.Process, answers ...int) {
	t.Helper()
	var want []string
	for _, line := range listed(t, s) {
		if numberOf(line) >= r.endpoint.Sequence { // its own making is the first that it hears of
			want = append(want, strings.Fields(line)[1])
		}
	}
	slices.Sort(want)
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		var came []string
		for _, d := range r.deliveries(t) {
			if slices.Contains(answers, d.Answer) {
				came = append(came, d.ID)
			}
		}
		slices.Sort(came)
		if slices.Equal(slices.Compact(came), want) {
			return
		}
		if time.Since(began) > 30*time.Second {
			t.Fatalf("to %s came\n%q of\n%q", r.name, came, want)
		}
	}
}

// round lets events happen, whose deliveries every receiver takes, some on the second try.
func round(t *testing.T, s *process.Process, all []*receiver) {
	t.Helper()
	newCrowd(time.Millisecond, s).pay(2, 6, nil)()
	for _, r := range all {
		r.await(t, s, http.StatusOK, http.StatusInternalServerError)
	}
	move(t, s, 6) // the second try is due 5 to 5.5 seconds after the first
	for _, r := range all {
		r.await(t, s, http.StatusOK)
	}
}

// move turns the sandbox's clock.
func move(t *testing.T, s *process.Process, seconds int) {
	t.Helper()
	var clock struct{ Object string }
	done(t, s, "/v1/sandbox/clock/move", fmt.Sprintf(`{"seconds":%d}`, seconds), &clock)
}

// TestDeliveriesInOthersHands: the libraries that Standard Webhooks publishes verify what
// is really delivered, also while an endpoint's secret is changed for another; what was
// answered with 500 comes again, and the deliveries are the events.
func TestDeliveriesInOthersHands(t *testing.T) {
	onBoth(t, func(t *testing.T, place []string) {
		s := process.Dev(t, binary, nil, append([]string{"--webhook-network", "127.0.0.0/8"}, place...)...)
		t.Cleanup(func() { s.Stop(t) })
		scripts := stage(t, "testdata/stream")
		all := []*receiver{newReceiver(t, s, scripts, "receiver.mjs"), newReceiver(t, s, scripts, "receiver.py")}
		// Both keys of an endpoint sign for a minute of the sandbox's clock, the new one after it.
		ends := map[*receiver][]int64{}
		mark := func() {
			for _, r := range all {
				list := listed(t, s)
				ends[r] = append(ends[r], numberOf(list[len(list)-1]))
			}
		}
		round(t, s, all)
		mark()
		for _, r := range all {
			var e endpoint
			done(t, s, "/v1/webhook_endpoints/"+r.endpoint.ID+"/rotate_secret", `{"overlap_seconds":60}`, &e)
			r.trust(t, e)
		}
		mark()
		round(t, s, all)
		mark()
		move(t, s, 61)
		round(t, s, all)
		for _, r := range all {
			r.judge(t, ends[r])
			r.judgeAttempts(t, s)
		}
	})
}

// judge holds what came to the keys that signed at its time. ends are the numbers of the
// last events before the rotation, right after it, and while two keys signed.
func (r *receiver) judge(t *testing.T, ends []int64) {
	t.Helper()
	counts, taken := map[string]int{}, map[string]int{}
	for _, d := range r.deliveries(t) {
		want := "[true]"
		switch {
		case d.Sequence > ends[2]:
			want = "[false true]"
		case d.Sequence > ends[1]:
			want = "[true true]"
		case d.Sequence > ends[0] && len(d.Verifies) == 2: // it came after the receiver was told
			want = "[true true]"
		}
		if fmt.Sprint(d.Verifies) != want || fmt.Sprint(d.Signed) != want || slices.Contains(d.Forged, true) || len(d.Forged) == 0 {
			t.Errorf("%s: %+v, want %s", r.name, d, want)
		}
		counts[fmt.Sprint(want, " ", d.Answer)]++
		if d.Answer == http.StatusOK {
			taken[d.ID]++
		}
		if taken[d.ID] > 1 {
			t.Errorf("%s: %s came again after it was taken", r.name, d.ID)
		}
	}
	t.Logf("%s: %v", r.name, counts)
	for _, phase := range []string{"[true]", "[true true]", "[false true]"} {
		if counts[phase+" 200"] == 0 || counts[phase+" 500"] == 0 {
			t.Errorf("%s: nothing came and came again while the keys were %s", r.name, phase)
		}
	}
}

// judgeAttempts holds what came to what the API tells of it.
func (r *receiver) judgeAttempts(t *testing.T, s *process.Process) {
	t.Helper()
	tries := map[string]int{}
	for _, d := range r.deliveries(t) {
		tries[d.ID]++
	}
	for cursor := ""; ; {
		var page struct {
			Data []struct {
				Event, Status string
				Attempts      int `json:"attempt_count"`
			}
			More bool   `json:"has_more"`
			Next string `json:"next_cursor"`
		}
		a := ask(t, s, "GET", "/v1/webhook_deliveries?limit=100&endpoint="+r.endpoint.ID+cursor, "")
		if err := json.Unmarshal(a.body, &page); err != nil || a.status != http.StatusOK {
			t.Fatalf("%d %v: %s", a.status, err, a.body)
		}
		for _, d := range page.Data {
			if d.Status != "delivered" || d.Attempts != tries[d.Event] {
				t.Errorf("%s: of %d tries the API tells %+v", r.name, tries[d.Event], d)
			}
			delete(tries, d.Event)
		}
		if cursor = "&starting_after=" + page.Next; !page.More {
			break
		}
	}
	if len(tries) > 0 {
		t.Errorf("%s: the API tells nothing of %v", r.name, tries)
	}
}
