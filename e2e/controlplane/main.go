// Command controlplane is etcd, kube-apiserver, kube-controller-manager and kubectl in one binary:
// the first argument says which. Linked once they share most of their code, so that one binary is
// half the size and half the link time of four.
package main

import (
	"fmt"
	"io"
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
)

func main() {
	if len(os.Args) < 2 {
		fail("which one? controlplane etcd|kube-apiserver|kube-controller-manager|kubectl [flags]")
	}
	applet := os.Args[1]
	os.Args = append([]string{applet}, os.Args[2:]...)
	if os.Getenv("LAZARET_DIE_WITH_STDIN") != "" {
		go dieWithStdin()
	}
	switch applet {
	case "etcd":
		etcdmain.Main(os.Args)
	case "kube-apiserver":
		os.Exit(cli.Run(apiserver.NewAPIServerCommand()))
	case "kube-controller-manager":
		os.Exit(cli.Run(controllermanager.NewControllerManagerCommand()))
	case "kubectl":
		os.Exit(cli.Run(kubectl.NewDefaultKubectlCommand()))
	default:
		fail("no such part: " + applet)
	}
}

// dieWithStdin ends this process when whoever started it is gone: the pipe's other end closes with
// its holder, however that died, SIGKILL included.
func dieWithStdin() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

func fail(message string) {
	fmt.Fprintln(os.Stderr, message)
	os.Exit(2)
}
