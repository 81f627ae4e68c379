# For findings about StatsD servers.

# send PORT LINE…: each line in a datagram of its own, in order.
send() {
    "${PYTHON:-/usr/bin/python3}" - "$@" <<'EOF'
import socket, sys, time
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
    for line in sys.argv[2:]:
        one.sendto(line.encode(), ("127.0.0.1", int(sys.argv[1])))
        time.sleep(0.02)
EOF
}

# start_collectd: collectd on $port, whose values go to $work/collectd.out and messages to $work/collectd.log.
start_collectd() {
    debian collectd-core=5.12.0-14
    port=$(free_port udp)
    cat >"$work/collectd.conf" <<EOF
BaseDir "$work"
PIDFile "$work/collectd.pid"
PluginDir "$root/usr/lib/collectd"
TypesDB "$root/usr/share/collectd/types.db"
Hostname "h"
Interval 1
LoadPlugin logfile
LoadPlugin csv
LoadPlugin statsd
<Plugin logfile>
  File "$work/collectd.log"
</Plugin>
<Plugin csv>
  DataDir "stdout"
</Plugin>
<Plugin statsd>
  Host "127.0.0.1"
  Port "$port"
</Plugin>
EOF
    background "$work/collectd.out" env LD_LIBRARY_PATH="$libraries" \
        "$root/usr/sbin/collectd" -f -C "$work/collectd.conf"
    wait_until 30 listens_udp "$port"
}

# collectd_last NAME: the last value that is a number of a metric (derive-x, latency-x-average, gauge-x).
collectd_last() {
    sed -n "s|^PUTVAL h/statsd/$1 interval=[0-9.]* [0-9.]*:||p" "$work/collectd.out" | grep -v nan | tail -n 1
}

# start_netdata: netdata with its StatsD server on $port and its own API on $api_port.
start_netdata() {
    debian netdata-core=1.37.1-2 libuv1=1.44.2-1+deb12u1
    port=$(free_port udp)
    api_port=$(free_port)
    local folder=$work/netdata
    mkdir -p "$folder"/{cache,config,lib,log,none,stock,web}
    cat >"$folder/netdata.conf" <<EOF
[global]
  run as user = $(id -un)
[directories]
  cache = $folder/cache
  config = $folder/config
  home = $folder
  lib = $folder/lib
  log = $folder/log
  plugins = $folder/none
  stock config = $folder/stock
  web = $folder/web
[db]
  mode = ram
  update every = 1
[ml]
  enabled = no
[health]
  enabled = no
[cloud]
  enabled = no
[plugins]
  apps = no
  cgroups = no
  diskspace = no
  idlejitter = no
  netdata monitoring = no
  proc = no
  profile = no
  slabinfo = no
  tc = no
  timex = no
[web]
  bind to = 127.0.0.1:$api_port
[statsd]
  bind to = udp:127.0.0.1:$port
  update every (flushInterval) = 1
EOF
    background "$work/netdata.out" env LD_LIBRARY_PATH="$libraries" \
        "$root/usr/sbin/netdata" -D -c "$folder/netdata.conf" -P "$folder/pid" -u "$(id -un)"
    wait_until 30 listens_udp "$port"
}

# netdata_counts LINE…: sends the lines four times, as netdata shows a counter's rate, and keeps each chart's largest
# value for `chart NAME`.
netdata_counts() {
    for _ in 1 2 3 4; do
        send "$port" "$@"
        watch_netdata 2
        cat "$work/charts" >>"$work/charts.all"
    done
    sort -k 1,1 -k 2,2rn "$work/charts.all" | awk '!seen[$1]++' >"$work/charts"
}

# watch_netdata SECONDS: the largest value of each chart meanwhile, a "chart value" line each; in $work/charts.
watch_netdata() {
    "${PYTHON:-/usr/bin/python3}" - "$api_port" "$1" >"$work/charts" <<'EOF'
import json, sys, time, urllib.request

largest = {}
end = time.monotonic() + float(sys.argv[2])
while time.monotonic() < end:
    try:
        charts = json.load(urllib.request.urlopen(
            f"http://127.0.0.1:{sys.argv[1]}/api/v1/allmetrics?format=json", timeout=5))
    except OSError:
        charts = {}
    for name, chart in charts.items():
        for dimension in chart["dimensions"].values():
            if name.startswith("statsd_") and dimension["value"] is not None:
                largest[name] = max(largest.get(name, 0), dimension["value"])
    time.sleep(0.2)
for name, value in sorted(largest.items()):
    print(name.removeprefix("statsd_"), f"{value:g}")
EOF
}

chart() { sed -n "s/^$1 //p" "$work/charts"; }
