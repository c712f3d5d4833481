package api

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"connectrpc.com/connect/v2"

	"github.com/florinpay/florin/internal/apikey"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/id"
)

// What differs from run to run, by what it looks like.
var random = regexp.MustCompile(`(fl_sandbox_)[0-9a-z]+|\b([a-z]+_)[0-9a-z]{26}\b`)

// transcript writes down calls and their answers for a golden file.
type transcript struct {
	house *house
	out   bytes.Buffer
}

func (s *transcript) ask(verb, path, body string, headers ...string) reply {
	a := s.house.ask(verb, path, body, headers...)
	fmt.Fprintf(&s.out, "%s\n%d %s\n\n", strings.TrimSpace(verb+" "+path+" "+body), a.StatusCode, a.body)
	return a
}

func (s *transcript) text() []byte { return random.ReplaceAll(s.out.Bytes(), []byte("$1$2…")) }

func TestApiKeysGolden(t *testing.T) {
	h := newHouse(t)
	s := transcript{house: h}
	made := s.ask("POST", "/v1/api_keys", `{"name":"till","scopes":["payments:read","events:read"]}`)
	key := made.field(t, "id").(string)
	secret := made.field(t, "secret").(string)
	s.ask("GET", "/v1/api_keys/"+key, "")
	s.ask("GET", "/v1/payments?limit=1", "", "Authorization: Bearer "+secret)
	next := s.ask("POST", "/v1/api_keys/"+key+"/rotate", `{"overlap_seconds":60}`).field(t, "id").(string)
	s.ask("POST", "/v1/api_keys/"+key+"/rotate", "")
	s.ask("POST", "/v1/api_keys/"+next+"/revoke", "")
	s.ask("GET", "/v1/api_keys?limit=2", "")
	s.ask("GET", "/v1/api_keys?limit=1&ending_before="+key, "")
	s.ask("GET", "/v1/api_keys/"+string(id.Derive[id.APIKey]("nobody's")), "")
	s.ask("POST", "/v1/api_keys", `{"scopes":["payments:fly"]}`)
	s.ask("POST", "/v1/api_keys", `{"scopes":[]}`)
	s.ask("POST", "/v1/api_keys/"+key+"/rotate", `{"overlap_seconds":604801}`)
	golden(t, "api_keys.golden", s.text())
}

func TestKeysHandOutNoMoreThanTheyHave(t *testing.T) {
	h := newHouse(t)
	strong := h.ask("POST", "/v1/api_keys", `{"scopes":["payments:write"]}`).field(t, "id").(string)
	weak := "Authorization: Bearer " + h.newKey(apikey.Draft{Scopes: scopes(t, "keys:write", "events:read"), RatePerSecond: 7, Burst: 9})
	h.ask("POST", "/v1/api_keys", `{"scopes":["payments:write"]}`, weak).expect(t, 403, "scope_missing /scopes:not_allowed_value")
	h.ask("POST", "/v1/api_keys/"+strong+"/rotate", "", weak).expect(t, 403, "scope_missing")
	h.ask("POST", "/v1/api_keys/"+strong+"/revoke", "", weak).expect(t, 403, "scope_missing")
	if h.ask("GET", "/v1/api_keys/"+strong, "").field(t, "revoked_at") != nil {
		t.Error("a key ended one that can do more")
	}
	a := h.ask("POST", "/v1/api_keys", `{"scopes":["events:read"]}`, weak)
	a.expect(t, 200, "")
	if a.field(t, "rate_per_second") != 7.0 || a.field(t, "burst") != 9.0 {
		t.Errorf("the key is not held to its maker's limits: %s", a.body)
	}
}

// TestKeysThatMadeOneAnotherShareOneAllowance: neither making nor rotating keys is a way to
// more calls or streams than the operator has given.
func TestKeysThatMadeOneAnotherShareOneAllowance(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouseOn(t, d)
		bearer := func(secret any) string { return "Authorization: Bearer " + secret.(string) }
		first := bearer(h.newKey(apikey.Draft{Scopes: apikey.AllScopes(), RatePerSecond: 1, Burst: 7}))
		other := bearer(h.newKey(apikey.Draft{Scopes: apikey.AllScopes(), RatePerSecond: 1, Burst: 7}))
		made := h.ask("POST", "/v1/api_keys", `{"scopes":["payments:read","keys:write","events:read"]}`, first)
		second := bearer(made.field(t, "secret"))
		third := bearer(h.ask("POST", "/v1/api_keys/"+made.field(t, "id").(string)+"/rotate", "", second).field(t, "secret"))
		fourth := bearer(h.ask("POST", "/v1/api_keys", `{"scopes":["payments:read"]}`, third).field(t, "secret"))
		for i, key := range []string{first, second, third, fourth} {
			a := h.ask("GET", "/v1/payments", "", key)
			a.expect(t, 200, "")
			if want := fmt.Sprintf(`"key";r=%d;`, 3-i); !strings.HasPrefix(a.Header.Get("RateLimit"), want) {
				t.Errorf("key %d: RateLimit is %s, want %s", i+1, a.Header.Get("RateLimit"), want)
			}
		}
		for _, key := range []string{first, second, third, fourth} {
			h.ask("GET", "/v1/payments", "", key).expect(t, 429, "rate_limited")
		}
		h.ask("GET", "/v1/payments", "", other).expect(t, 200, "") // the operator's second key has its own

		unlimited := bearer(h.ask("POST", "/v1/api_keys", `{"scopes":["events:read"]}`).field(t, "secret"))
		for i := range endlessMax {
			ctx, _ := h.with([]string{"Authorization: Bearer " + h.key, unlimited}[i%2])
			numbers(t, h.stream(ctx, speeches["grpc"], since(0)), 1)
		}
		ctx, _ := h.with(unlimited)
		_, err := h.stream(ctx, speeches["grpc"], since(0)).Receive()
		if code, problem, _ := refusal(t, err); code != connect.CodeResourceExhausted || problem.Code != "streams_too_many" {
			t.Errorf("one stream too many: %v", err)
		}
	})
}

func TestEventsGolden(t *testing.T) {
	h := newHouse(t)
	s := transcript{house: h}
	h.ask("POST", "/v1/payments", pay, onceKey)
	h.ask("POST", "/v1/payments", `{"amount":74,"currency":"USD","source":"wal_1","metadata":{"table":"4"}}`)
	list := s.ask("GET", "/v1/events?limit=1", "")
	event := random.FindString(list.body)
	s.ask("GET", "/v1/events/"+event, "")
	s.ask("GET", "/v1/events?limit=1&starting_after="+event, "")
	s.ask("GET", "/v1/events?type=refund.created", "")
	s.ask("GET", "/v1/events?starting_after=evt_nope", "")
	s.ask("GET", "/v1/events/"+event, "", "Authorization: Bearer "+h.newKey(apikey.Draft{Scopes: apikey.AllScopes(), Live: true}))
	golden(t, "events.golden", s.text())
}

func TestMerchantsGolden(t *testing.T) {
	s := transcript{house: newHouse(t)}
	s.ask("GET", "/v1/merchants/"+string(cafe), "")
	s.ask("GET", "/v1/merchants/"+string(cafe)+"/balance", "")
	s.ask("GET", "/v1/merchants/"+string(id.Derive[id.Merchant]("bakery")), "")
	s.ask("GET", "/v1/merchants/"+string(id.Derive[id.Merchant]("bakery"))+"/balance", "")
	golden(t, "merchants.golden", s.text())
}
