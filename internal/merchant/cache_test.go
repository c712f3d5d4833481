package merchant

import (
	"fmt"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/id"
)

func TestTheCacheIsBounded(t *testing.T) {
	now := time.Unix(1_900_000_000, 0)
	c := newCache()
	for i := range 3 * knownMax {
		key := id.Merchant(fmt.Sprintf("mer_%d", i))
		c.put(&entry{merchant: Merchant{ID: key}, readAt: now}, c.mark())
		if c.get(key, now) == nil {
			t.Fatal("the newest merchant is not there")
		}
	}
	if len(c.entries) > 10_000 {
		t.Errorf("%d merchants, at most 10000 may be", len(c.entries))
	}
}

func TestOneCallerRenewsAMerchant(t *testing.T) {
	read := time.Unix(1_900_000_000, 0)
	c := newCache()
	c.put(&entry{merchant: Merchant{ID: "mer_1"}, readAt: read}, c.mark())
	near := read.Add(4 * time.Second)
	if c.get("mer_1", near) != nil || c.get("mer_1", near) == nil || c.get("mer_1", near) == nil {
		t.Error("not exactly one caller was sent to renew")
	}
	if c.get("mer_1", read.Add(5*time.Second)) != nil || c.get("mer_1", read.Add(-time.Microsecond)) != nil {
		t.Error("a merchant was remembered beyond its time, or before it")
	}
}

func TestAMerchantFromBeforeAChangeIsNotKept(t *testing.T) {
	now := time.Unix(1_900_000_000, 0)
	c := newCache()
	mark := c.mark()
	c.forget("mer_1")
	if c.put(&entry{merchant: Merchant{ID: "mer_1"}, readAt: now}, mark); c.get("mer_1", now) != nil {
		t.Error("an old merchant was kept")
	}
}
