package api

import (
	"context"
	"strconv"
	"strings"
	"testing"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/proto"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/gen/florin/v1/florinv1connect"
	"github.com/florinpay/florin/internal/apikey"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/fault"
)

const onceKey = "Idempotency-Key: k1"

func TestRetryGetsTheSameAnswer(t *testing.T) {
	h := newHouse(t)
	first := h.ask("POST", "/v1/payments", pay, onceKey)
	// The same request in other bytes, by the other URL, with another key of the merchant.
	again := h.ask("POST", "/payments", ` {"source":"wal_1", "currency":"USD", "amount":"73", "capture":null}`, onceKey,
		"Authorization: Bearer "+h.newKey(apikey.Draft{Scopes: apikey.AllScopes()}))
	again.expect(t, 200, "")
	if first.body != again.body || again.Header.Get("Idempotent-Replayed") != "true" || first.Header.Get("Idempotent-Replayed") != "" {
		t.Errorf("first %s, again %s %v", first.body, again.body, again.Header)
	}
	if h.till.paid != 1 {
		t.Errorf("%d payments were made", h.till.paid)
	}
	h.ask("POST", "/v1/payments", `{"amount":74,"currency":"USD","source":"wal_1"}`, onceKey).expect(t, 422, "idempotency_key_reused")
	h.ask("POST", "/v1/payments", pay, "Idempotency-Key: k2").expect(t, 200, "")
	h.ask("POST", "/v1/payments", pay).expect(t, 200, "")
	if h.till.paid != 3 {
		t.Errorf("%d payments were made, want 3", h.till.paid)
	}
}

func TestRetryOfARefusalGetsTheSameRefusal(t *testing.T) {
	h := newHouse(t)
	first := h.ask("POST", "/v1/payments", amount(amountDeclined), onceKey)
	again := h.ask("POST", "/v1/payments", amount(amountDeclined), onceKey)
	for _, a := range []reply{first, again} {
		a.expect(t, 402, "card_declined")
		if a.problem.DeclineCode != "lost_card" || a.problem.Advice != "do_not_retry" || a.problem.ObjectId != first.problem.ObjectId {
			t.Errorf("the refusal is %s", a.body)
		}
	}
	if first.problem.ObjectId == "" || first.Header.Get("Idempotent-Replayed") != "" || again.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("object %q, headers %v, then %v", first.problem.ObjectId, first.Header, again.Header)
	}
}

// TestTheFirstRefusalIsNoReplay: a no that this very request has written down is its own
// answer, and costs no look for an earlier one; the same no again is a replay.
func TestTheFirstRefusalIsNoReplay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouseOn(t, d)
		say := func(protocol, key string) (replayed string) {
			if protocol == protocolREST {
				a := h.ask("POST", "/v1/payments", `{"amount":`+strconv.Itoa(amountDeclined)+`,"currency":"USD","source":"wal_1"}`, "Idempotency-Key: "+key)
				a.expect(t, 402, "card_declined")
				return a.Header.Get("Idempotent-Replayed")
			}
			ctx, info := h.with("Idempotency-Key: " + key)
			_, err := h.payments(speeches[protocol]).CreatePayment(ctx, payFor(amountDeclined))
			if code, problem, _ := refusal(t, err); code != connect.CodeFailedPrecondition || problem.Code != "card_declined" {
				t.Errorf("%s: %v", protocol, err)
			}
			return info.ResponseHeader().Get("Idempotent-Replayed") + info.ResponseTrailer().Get("Idempotent-Replayed")
		}
		for _, protocol := range []string{protocolREST, "grpc", "grpcweb", "connect"} {
			key := "declined in " + protocol
			for _, want := range []string{"", "true", "true"} {
				if got := say(protocol, key); got != want {
					t.Errorf("%s: Idempotent-Replayed is %q, want %q", protocol, got, want)
				}
			}
		}
		if got := say("grpc", "declined in "+protocolREST); got != "true" {
			t.Errorf("the refusal of another protocol: Idempotent-Replayed is %q", got)
		}
		if n := h.looks.Load(); n != 0 {
			t.Errorf("%d looks for an earlier answer: each request met it, or made it, in its write", n)
		}
	})
}

// TestARetryOfAKeyShowsItsSecretForADay: in every protocol, to the key that asked; then
// and to others it says that there is a key, and shows no secret.
func TestARetryOfAKeyShowsItsSecretForADay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouseOn(t, d)
		const wanted = `{"name":"Till","scopes":["payments:read"]}`
		first := h.ask("POST", "/v1/api_keys", wanted, onceKey)
		first.expect(t, 200, "")
		path := "/v1/api_keys/" + first.field(t, "id").(string) + "/rotate"
		next := h.ask("POST", path, "", "Idempotency-Key: turned")
		next.expect(t, 200, "")
		if again := h.ask("POST", path, "", "Idempotency-Key: turned"); again.body != next.body || again.Header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("rotated %s, again %s %v", next.body, again.body, again.Header)
		}
		retry := func(headers ...string) reply {
			return h.ask("POST", "/v1/api_keys", wanted, append(headers, onceKey)...)
		}
		if again := retry(); again.body != first.body || again.Header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("made %s, again %s %v", first.body, again.body, again.Header)
		}
		for name, s := range speeches {
			ctx, info := h.with(onceKey)
			k, err := florinv1connect.NewApiKeyServiceClient(h.client(s)).CreateApiKey(ctx, &florinv1.CreateApiKeyRequest{Name: "Till", Scopes: []string{"payments:read"}})
			if err != nil || k.Secret != first.field(t, "secret") || info.ResponseHeader().Get("Idempotent-Replayed") != "true" {
				t.Errorf("%s: %v, %v", name, k, err)
			}
		}
		other := "Authorization: Bearer " + h.newKey(apikey.Draft{Scopes: scopes(t, "keys:write", "payments:read")})
		weak := "Authorization: Bearer " + h.newKey(apikey.Draft{Scopes: scopes(t, "keys:write")})
		gone := func(a reply) {
			t.Helper()
			a.expect(t, 409, "secret_not_shown")
			if a.problem.ObjectId != first.field(t, "id") || a.Header.Get("Idempotent-Replayed") != "" || strings.Contains(a.body, "fl_sandbox_") {
				t.Errorf("refused with %s %v", a.body, a.Header)
			}
		}
		gone(retry(other))
		gone(retry(weak)) // refused before its write, and answered by the record
		h.clock.move(apikey.ShownFor)
		gone(retry())
		h.ask("POST", "/v1/api_keys", `{"name":"Other","scopes":["payments:read"]}`, onceKey).expect(t, 422, "idempotency_key_reused")
	})
}

func TestRefusedBeforeItRanUsesNoKey(t *testing.T) {
	h := newHouse(t)
	h.ask("POST", "/v1/payments", `{"amount":-1,"currency":"USD"}`, onceKey).expect(t, 400, "invalid_request /amount:too_small")
	h.ask("POST", "/v1/payments", pay, onceKey, "Authorization: Bearer x").expect(t, 401, "credentials_invalid")
	h.ask("POST", "/v1/payments", pay, onceKey, "Accept: text/csv").expect(t, 406, "not_acceptable")
	a := h.ask("POST", "/v1/payments", pay, onceKey)
	a.expect(t, 200, "")
	if a.Header.Get("Idempotent-Replayed") != "" {
		t.Error("a request that never ran was replayed")
	}
}

func TestLiveMoneyNeedsAKey(t *testing.T) {
	h := newHouse(t)
	live := "Authorization: Bearer " + h.newKey(apikey.Draft{Scopes: apikey.AllScopes(), Live: true})
	h.ask("POST", "/v1/payments", pay, live).expect(t, 400, "idempotency_key_required")
	h.ask("GET", "/v1/payments", "", live).expect(t, 200, "")
	a := h.ask("POST", "/v1/payments", pay, live, onceKey)
	a.expect(t, 200, "")
	if a.field(t, "livemode") != true {
		t.Errorf("livemode is %v", a.field(t, "livemode"))
	}
	h.ask("POST", "/v1/payments", amount(5), onceKey).expect(t, 200, "") // the sandbox has its own keys
}

func TestKeyOnOtherMethodsIsIgnored(t *testing.T) {
	h := newHouse(t)
	h.ask("GET", "/v1/payments", "", "Idempotency-Key: a", "Idempotency-Key: b").expect(t, 200, "")
}

func TestFingerprintOfCards(t *testing.T) {
	h := newHouse(t)
	card := func(number, cvv string) string {
		return `{"amount":73,"currency":"USD","card_number":"` + number + `","expiry_date":"04/30","cvv":"` + cvv + `"}`
	}
	h.ask("POST", "/v1/payments", card("4242424242424242", "123"), onceKey).expect(t, 200, "")
	if q := h.till.last; q.CardNumber != "4242424242424242" || q.Cvv != "123" {
		t.Errorf("the handler saw a card that was changed")
	}
	h.ask("POST", "/v1/payments", card("4242424242424242", "999"), onceKey).expect(t, 200, "") // the CVV leaves no trace
	h.ask("POST", "/v1/payments", card("5555555555554444", "123"), onceKey).expect(t, 422, "idempotency_key_reused")
}

func TestEventsRememberTheKey(t *testing.T) {
	h := newHouse(t)
	request := h.ask("POST", "/v1/payments", pay, onceKey).Header.Get("Request-Id")
	a := h.ask("GET", "/v1/events?type=payment.succeeded", "")
	a.expect(t, 200, "")
	if want := `"request":{"id":"` + request + `","idempotency_key":"k1"}`; !strings.Contains(a.body, want) {
		t.Errorf("the event does not name its request %s: %s", want, a.body)
	}
}

func TestReplayOfAnotherKindOfObjectIsOurFault(t *testing.T) {
	h := newHouse(t)
	h.ask("POST", "/v1/payments", pay, onceKey).expect(t, 200, "")
	h.door.Recall = func(context.Context, int64) (proto.Message, error) { return &florinv1.Refund{}, nil }
	h.ask("POST", "/v1/payments", pay, onceKey).expect(t, 500, "internal")
	h.door.Recall = func(context.Context, int64) (proto.Message, error) { return nil, fault.ErrNotFound }
	h.ask("POST", "/v1/payments", pay, onceKey).expect(t, 500, "internal")
}
