#!/bin/bash
# usb.sh IMAGE DEVICE: writes the disk image to a stick, after making sure that it is one and that its owner means it.
#
# Refused: what is not a whole block device, is not removable and not on USB, is too small, is mounted, used for swap, or held by
# something (LVM, RAID, encryption), in whole or in a part. Nothing is written before the device's name has been typed.
# For tests: SYSFS is where /sys lies, PROC where /proc lies, DEVICES where /dev lies; there, plain files may be devices.
set -euo pipefail

sysfs=${SYSFS:-/sys} proc=${PROC:-/proc} devices=${DEVICES:-/dev}

refuse()
{
    echo "usb: $*; nothing was written" >&2
    exit 1
}

value()         # the text of a sysfs attribute, or nothing
{
    if [ -r "$1" ]; then tr -s ' \n' ' ' <"$1" | sed 's/ *$//'; fi
}

is_removable()
{
    [ "$(value "$disk/removable")" = 1 ] || [[ "$(readlink -f "$disk")" == */usb[0-9]* ]]
}

nodes()         # the kernel names of the disk and its partitions
{
    local part
    echo "$name"
    for part in "$disk/$name"*; do
        if [ -e "$part/partition" ]; then basename "$part"; fi
    done
}

mount_point()   # of a node, by its number and by its name: a path to it may be a link, and a pool of disks has a number of its own
{
    awk -v number="$(value "$sysfs/class/block/$1/dev")" -v device="$devices/$1" \
        '{ source = $0; sub(/.* - [^ ]+ /, "", source); sub(/ .*/, "", source) }
         $3 == number || source == device { print $5; exit }' "$proc/self/mountinfo"
}

refuse_if_used()
{
    local node holder where
    while read -r node; do
        where=$(mount_point "$node")
        [ -z "$where" ] || refuse "$devices/$node is mounted on $where: unmount it first"
        if awk -v device="$devices/$node" '$1 == device { found = 1 } END { exit !found }' "$proc/swaps"; then
            refuse "$devices/$node is used for swap"
        fi
        for holder in "$sysfs/class/block/$node/holders"/*; do
            [ ! -e "$holder" ] || refuse "$devices/$node is held by $(basename "$holder")"
        done
    done < <(nodes)
}

if [ $# != 2 ] || [ -z "$2" ]; then
    echo "usage: make usb DEV=/dev/sdX" >&2
    exit 2
fi
image=$1
[ -r "$image" ] || refuse "there is no $image"
device=$(readlink -f "$2") || refuse "there is no $2"
name=$(basename "$device")
disk=$sysfs/class/block/$name
image_bytes=$(stat -c %s "$image")

[ -e "$device" ] || refuse "there is no $device"
[ -b "$device" ] || [ "$devices" != /dev ] || refuse "$device is not a block device"
[ -d "$disk" ] || refuse "$device is not a block device that the kernel knows"
[ ! -e "$disk/partition" ] || refuse "$device is a partition: name the whole disk"
is_removable || refuse "$device ($(value "$disk/device/model")) is not removable"
disk_bytes=$(($(value "$disk/size") * 512))
[ "$disk_bytes" -ge "$image_bytes" ] || refuse "$device has $disk_bytes bytes, the image $image_bytes"
refuse_if_used

echo "usb: $device: $(value "$disk/device/vendor") $(value "$disk/device/model"), $((disk_bytes / 1000000)) MB"
echo "usb: its partition table, and all that lies in its first $((image_bytes >> 20)) MiB, will be overwritten: what it holds now is lost"
while read -r node; do
    [ "$node" = "$name" ] || echo "usb:   $devices/$node, $(($(value "$sysfs/class/block/$node/size") / 2048)) MiB"
done < <(nodes)
read -r -p "usb: type $device to go on: " answer || answer=
[ "$answer" = "$device" ] || refuse "that was not $device"
refuse_if_used      # things may have changed while the question stood

[ -w "$device" ] || refuse "$device is not writable for you: run it as root (sudo make usb DEV=$device)"
dd if="$image" of="$device" bs=1M conv=fsync,notrunc status=none
cmp -n "$image_bytes" "$image" "$device" || { echo "usb: what $device gives back is not what was written" >&2; exit 1; }
echo "usb: written and read back: $image is on $device"
