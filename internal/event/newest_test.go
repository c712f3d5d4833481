package event_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/event"
)

func TestTheNewestEventsOfARange(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		add(t, d, fact(cafe, false, "payer.created", "p_1"), fact(pub, true, "payer.created", "p_2"), fact(cafe, false, "card.created", "p_1"),
			fact(cafe, false, "payer.created", "p_3"), fact(cafe, false, "card.created", "p_3"), fact(cafe, false, "payer.created", "q_1"))
		log := event.NewLog(d)
		for span, want := range map[[2]string][]string{
			{"p_", "p_~"}: {"p_1 3 of 2", "p_2 2 of 1", "p_3 5 of 2"}, {"p_1", "p_3"}: {"p_2 2 of 1", "p_3 5 of 2"}, {"p_3", "p_~"}: nil,
		} {
			var got []string
			err := log.Newest(t.Context(), span[0], span[1], func(n event.Newest) error {
				got = append(got, fmt.Sprint(n.Fact.Object, " ", n.Sequence, " of ", n.Count))
				return nil
			})
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%v: %v, %v, want %v", span, got, err, want)
			}
		}
		enough := errors.New("enough")
		if err := log.Newest(t.Context(), "p_", "p_~", func(event.Newest) error { return enough }); !errors.Is(err, enough) {
			t.Errorf("stopped with %v", err)
		}
	})
}

func TestTheFieldThatDiffers(t *testing.T) {
	was := func() *florinv1.Payment {
		return &florinv1.Payment{Id: "pay_1", Amount: 5, Metadata: map[string]string{"a": "b"}, Settlement: &florinv1.Settlement{Currency: "EUR", Rate: &florinv1.Rate{Value: 7}}}
	}
	n := event.Newest{Count: 1}
	n.Data = &florinv1.EventData{Object: &florinv1.EventData_Payment{Payment: was()}}
	for want, change := range map[string]func(*florinv1.Payment){
		"":                      func(*florinv1.Payment) {},
		"amount":                func(p *florinv1.Payment) { p.Amount++ },
		"fee":                   func(p *florinv1.Payment) { p.Fee = 1 },
		"metadata":              func(p *florinv1.Payment) { p.Metadata["a"] = "c" },
		"settlement":            func(p *florinv1.Payment) { p.Settlement = nil },
		"settlement.currency":   func(p *florinv1.Payment) { p.Settlement.Currency = "USD" },
		"settlement.rate.value": func(p *florinv1.Payment) { p.Settlement.Rate.Value++ },
	} {
		p := was()
		change(p)
		if got := n.Differs(p); got != want {
			t.Errorf("found %q, want %q", got, want)
		}
	}
	if got := n.Differs(&florinv1.Refund{}); got != "object" {
		t.Errorf("another kind of object: %q", got)
	}
	if got := (event.Newest{}).Differs(was()); got != "object" {
		t.Errorf("no event: %q", got)
	}
}
