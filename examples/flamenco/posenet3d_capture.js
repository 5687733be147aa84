// Flamenco job type: capture every clip of a folder, one task for each.
//
// Copy this file to the folder "scripts" beside flamenco-manager and restart the Manager. On each worker, Blender (the
// Manager's variable "blender") needs the PoseNet3D add-on enabled; clips and results lie on storage that all share.

const VIDEO_ENDINGS = ".mp4 .mov .m4v .mkv .avi .mxf .webm .mts .m2ts .ts .mpg .mpeg .wmv .ogv";

const JOB_TYPE = {
    label: "PoseNet3D Capture",
    description: "Motion capture from videos, one task for each clip",
    settings: [
        { key: "clip_folder", type: "string", subtype: "dir_path", required: true, visible: "submission",
          description: "Folder of the videos, on shared storage" },
        { key: "clips", type: "string", required: true, editable: false,
          eval: `'\\n'.join(str(path) for path in sorted(Path(bpy.path.abspath(settings.clip_folder)).iterdir())
                 if path.suffix.lower() in '${VIDEO_ENDINGS}'.split() and not path.name.startswith('.'))`
              .replace(/\s*\n\s*/g, " "),
          description: "The videos of the folder, one in each line" },
        { key: "output_folder", type: "string", subtype: "dir_path", required: true,
          description: "Folder for the results, on shared storage" },
        { key: "formats", type: "string", default: "fbx,npz", required: true,
          description: "Outputs for each clip, of fbx, bvh, glb, usdc, blend, npz" },
        { key: "options", type: "string", default: "",
          description: "More options of the command 'capture', such as --person all --height 1.78" },
    ],
};

function compileJob(job) {
    const settings = job.settings;
    const clips = settings.clips.split("\n").map(clip => clip.trim()).filter(clip => clip);
    if (clips.length === 0) {
        throw new Error("no videos in " + settings.clip_folder + "; choose a folder with clips");
    }
    const firstByName = {};
    for (const clip of clips) {
        const name = stem(clip);
        const sameOnAnyDisk = name.toLowerCase();
        if (sameOnAnyDisk in firstByName) {
            throw new Error(clip + ": its results would replace those of " + firstByName[sameOnAnyDisk] + "; rename it");
        }
        firstByName[sameOnAnyDisk] = clip;
        const task = author.Task(name, "blender");
        task.addCommand(author.Command("exec", { exe: "{blender}", args: captureArguments(clip, name, settings) }));
        job.addTask(task);
    }
}

function captureArguments(clip, name, settings) {
    const folder = settings.output_folder.replace(/[\/\\]+$/, "");
    const outputs = settings.formats.split(",").map(format => format.trim()).filter(format => format)
        .map(format => "--output=" + folder + "/" + name + "." + format);
    const options = (settings.options || "").split(/\s+/).filter(option => option);
    return ["--background", "--command", "posenet3d", "capture", clip].concat(
        outputs, ["--contact-sheet=" + folder + "/contact_sheets/" + name + ".jpg"], options);
}

function stem(path) {
    const name = path.replace(/^.*[\/\\]/, "");
    return name.replace(/\.[^.]*$/, "");
}
