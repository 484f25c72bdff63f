// Argo Rollouts' own Prometheus provider doing the check of examples/argo/profile.yaml: 2,000 analyses at
// once, each asking for the same figures one after the other, as a template with so many metrics does.
// `argo-prometheus [SECONDS]`. Prints checks a second and latencies.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sort"
	"strconv"
	"sync"
	"time"

	"github.com/argoproj/argo-rollouts/metricproviders/prometheus"
	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	log "github.com/sirupsen/logrus"
)

const (
	analyses = 2000
	// Seven signals and the four sums of one comparison.
	queries = 11
	answer  = `{"status":"success","data":{"resultType":"scalar","result":[1,"0.01"]}}`
)

func main() {
	seconds := 10
	if len(os.Args) > 1 {
		seconds, _ = strconv.Atoi(os.Args[1])
	}
	log.SetOutput(io.Discard)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, answer)
	}))
	metric := v1alpha1.Metric{
		Name:             "figure",
		SuccessCondition: "result < 0.02",
		Provider: v1alpha1.MetricProvider{Prometheus: &v1alpha1.PrometheusMetric{
			Address: "http://" + listener.Addr().String(),
			Query:   `sum(rate(http_requests_total{service="checkout"}[5m]))`,
		}},
	}
	begun := time.Now()
	until := begun.Add(time.Duration(seconds) * time.Second)
	all := make([][]time.Duration, analyses)
	failed := make([]int, analyses)
	var wait sync.WaitGroup
	for n := range analyses {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for time.Now().Before(until) {
				asked := time.Now()
				for range queries {
					// The controller makes both anew for every measurement.
					api, err := prometheus.NewPrometheusAPI(metric)
					if err != nil {
						panic(err)
					}
					provider, err := prometheus.NewPrometheusProvider(api, *log.WithField("n", n), metric)
					if err != nil {
						panic(err)
					}
					measured := provider.Run(nil, metric)
					if measured.Phase != v1alpha1.AnalysisPhaseSuccessful {
						failed[n]++
					}
				}
				all[n] = append(all[n], time.Since(asked))
			}
		}()
	}
	wait.Wait()
	taken := time.Since(begun)
	var latencies []time.Duration
	wrong := 0
	for n := range analyses {
		latencies = append(latencies, all[n]...)
		wrong += failed[n]
	}
	sort.Slice(latencies, func(a, b int) bool { return latencies[a] < latencies[b] })
	at := func(share int) time.Duration {
		return latencies[(len(latencies)-1)*share/100].Round(time.Millisecond)
	}
	fmt.Printf("Argo's Prometheus provider: %.0f checks/s of %d queries at %d analyses, p50 %v, p99 %v, %d queries failed\n",
		float64(len(latencies))/taken.Seconds(), queries, analyses, at(50), at(99), wrong)
}
